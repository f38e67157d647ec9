/* The kit of tasker_test.h: handlers that complete in the transaction of the test, and what no test can be. */

#include "kit.h"

/* Writes in the transaction of the test, and completes there. */
static int charge_here(tasker_step *step, void *connection) {
  tasker_error *error = NULL;
  tasker_connection here = tasker_libpq(connection);
  tasker_json *results = json("{\"paid\": true}");
  sql(connection, "savepoint charging");
  insert_payment(connection, step);
  MUST(tasker_step_complete_in(step, &here, results, &error));
  sql(connection, "release savepoint charging");
  tasker_json_free(results);
  return 0;
}

/* Takes it back, and says nothing of that. */
static int charge_not(tasker_step *step, void *connection) {
  tasker_error *error = NULL;
  tasker_connection here = tasker_libpq(connection);
  sql(connection, "savepoint charging");
  insert_payment(connection, step);
  MUST(tasker_step_complete_in(step, &here, NULL, &error));
  sql(connection, "rollback to savepoint charging");
  return 0;
}

static void completing(void) {
  tasker_error *error = NULL;
  PGconn *connection = connect_here();
  sql(connection, "begin");
  sql(connection, "create table payments (task_id uuid)");
  tasker_handler handlers[] = {HANDLERS[0], {"charge", charge_here, connection}, HANDLERS[2]};
  tasker_test *test = test_with(connection, handlers, 3);
  MUST(tasker_test_register_yaml(test, tasker_text(ORDER), &error));
  tasker_task_request request = order();
  tasker_json *report = NULL;
  MUST(tasker_test_run(test, &request, &report, &error));
  CHECK(ended(report, "complete") && step_says(report, "charge", "/results", "{\"paid\": true}"));
  CHECK(says(report, "/executions/1/outcome", "\"completed_elsewhere\""));
  CHECK(number(connection, "select count(*) from payments") == 1);
  tasker_json_free(report);
  /* Once in every run, wherever its process dies. */
  MUST(tasker_test_crash_everywhere(test, &request, NULL, &report, &error));
  CHECK(says(report, "/right", "true") && number(connection, "select count(*) from payments") == 1);
  tasker_json_free(report);
  tasker_test_free(test);

  handlers[1].function = charge_not;
  test = test_with(connection, handlers, 3);
  MUST(tasker_test_run(test, &request, &report, &error));
  CHECK(ended(report, "error") && step_says(report, "charge", "/results/error_code", "\"completion_rolled_back\""));
  CHECK(number(connection, "select count(*) from payments") == 1);
  tasker_json_free(report);
  end(connection, test);
}

static int end_the_transaction(tasker_step *step, void *connection) {
  (void)step;
  sql(connection, "rollback");
  return 0;
}

static int break_the_transaction(tasker_step *step, void *connection) {
  (void)step;
  PQclear(PQexec(connection, "select * from nothing"));
  return 0;
}

static void refusing(void) {
  tasker_error *error = NULL;
  PGconn *connection = connect_here(), *other = connect_elsewhere();
  tasker_connection here = tasker_libpq(connection), there = tasker_libpq(other);
  tasker_test_options options = {.size = sizeof options, .handlers = HANDLERS, .handler_count = 3};
  REFUSED_SAYING(tasker_test_new(&here, &options, &error), INVALID, "not in a transaction");
  sql(other, "begin");
  REFUSED(tasker_test_new(&there, &options, &error), TASKER_ERROR_SCHEMA_MISMATCH);
  PQfinish(other);
  sql(connection, "begin");
  static const tasker_handler without[] = {{"charge", NULL, NULL}};
  options.handlers = without;
  options.handler_count = 1;
  REFUSED_SAYING(tasker_test_new(&here, &options, &error), INVALID, "'charge' has no function");
  tasker_json *settings = json("{\"execution\": {\"lease_seconds\": -1}}");
  options.handler_count = 0;
  options.settings = settings;
  REFUSED(tasker_test_new(&here, &options, &error), TASKER_ERROR_CONFIG_INVALID);
  tasker_json_free(settings);

  /* A handler that the test lacks, a fault that would never strike. */
  tasker_test *test = test_with(connection, HANDLERS, 1);
  REFUSED(tasker_test_register_yaml(test, tasker_text("name: [order"), &error), TASKER_ERROR_INVALID_TEMPLATE);
  REFUSED(tasker_test_register_file(test, tasker_text("/no/such/file.yaml"), &error), INVALID);
  MUST(tasker_test_register_yaml(test, tasker_text(ORDER), &error));
  tasker_task_request request = order();
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), TASKER_ERROR_UNKNOWN_HANDLER, "'charge'");
  tasker_fault fault = {.size = sizeof fault, .step = tasker_text("nobody"), .kind = TASKER_FAULT_TIMES_OUT};
  MUST(tasker_test_inject(test, &fault, &error));
  tasker_test_free(test);
  test = test_with(connection, HANDLERS, 3);
  MUST(tasker_test_inject(test, &fault, &error));
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), INVALID, "nobody");
  fault.kind = 99;
  REFUSED_SAYING(tasker_test_inject(test, &fault, &error), INVALID, "99");
  fault.kind = TASKER_FAULT_TAKES;
  fault.seconds = -1;
  REFUSED_SAYING(tasker_test_inject(test, &fault, &error), INVALID, "-1");
  REFUSED(tasker_test_report(test, tasker_text("7"), NULL, &error), INVALID);
  REFUSED(tasker_test_report(test, tasker_text("0190a0a0-0000-7000-8000-000000000000"), NULL, &error), TASKER_ERROR_NOT_FOUND);
  tasker_test_free(test);

  /* Handlers that do not leave the transaction as it has to be. What was begun is over then. */
  tasker_handler handlers[] = {{"validate", break_the_transaction, connection}, HANDLERS[1], HANDLERS[2]};
  test = test_with(connection, handlers, 3);
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), INVALID, "after the handler of 'validate'");
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), INVALID, "has failed");
  tasker_test_free(test);
  sql(connection, "rollback; begin");
  handlers[0].function = end_the_transaction;
  test = test_with(connection, handlers, 3);
  MUST(tasker_test_register_yaml(test, tasker_text(ORDER), &error));
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), INVALID, "not in a transaction");
  sql(connection, "begin");
  REFUSED_SAYING(tasker_test_run(test, &request, NULL, &error), INVALID, "begin a new test");
  end(connection, test);
}

static const struct test_case cases[] = {{"completing", completing}, {"refusing", refusing}};
CASES(cases)
