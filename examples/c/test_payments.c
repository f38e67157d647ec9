/* A test of payments.yaml and its handlers, in a transaction that is rolled back. The database has Tasker's schema (`tasker migrate`). */

#include <stdio.h>
#include <stdlib.h>

#include <tasker_test.h>

#include "payments.h"

static void must(bool truth, const char *what, tasker_error *error) {
  if (!truth) {
    fprintf(stderr, "%s: %s\n", what, error == NULL ? "no" : tasker_error_message(error).data);
    exit(1);
  }
}

/* Whether the task of a report was paid once. */
static bool paid_once(PGconn *connection, const tasker_json *report) {
  tasker_str task = {NULL, 0};
  tasker_json_get_string(report, tasker_text("/task/task_id"), &task, NULL);
  char id[37];
  snprintf(id, sizeof id, "%" TASKER_STR_FORMAT, TASKER_STR(task));
  const char *parameters[] = {id};
  PGresult *result = PQexecParams(connection, "select count(*) from payments where task_id = $1::uuid", 1, NULL, parameters,
                                  NULL, NULL, 0);
  bool once = PQntuples(result) == 1 && atoi(PQgetvalue(result, 0, 0)) == 1;
  PQclear(result);
  return once;
}

/* What the test has against a run. */
static const char *check(const tasker_json *variant, void *connection) {
  tasker_json *report = tasker_json_get(variant, tasker_text("/report"), NULL);
  bool once = paid_once(connection, report);
  tasker_json_free(report);
  return once ? NULL : "the order was not paid exactly once";
}

int main(void) {
  tasker_error *error = NULL;
  const char *url = getenv("TASKER_DATABASE_URL");
  PGconn *connection = PQconnectdb(url == NULL ? "" : url);
  must(execute(connection, "begin") && create_tables(connection), PQerrorMessage(connection), NULL);

  const tasker_handler handlers[] = {{"shop.payment.price", price, NULL}, {"shop.payment.pay", pay, connection}};
  tasker_connection here = tasker_libpq(connection);
  tasker_test_options options = {.size = sizeof options, .handlers = handlers, .handler_count = 2};
  tasker_test *test = tasker_test_new(&here, &options, &error);
  must(test != NULL, "the test", error);
  must(tasker_test_register_file(test, tasker_text("payments.yaml"), &error), "the template", error);
  tasker_json *order = tasker_json_new();
  tasker_json_set_int64(order, tasker_text("/price"), 21, NULL);
  tasker_json_set_int64(order, tasker_text("/count"), 2, NULL);
  tasker_task_request request = {
      .size = sizeof request, .name = tasker_text("payment"), .namespace_name = tasker_text("shop"), .context = order};

  /* A bank that is closed is tried again, and the wait takes no time. */
  tasker_fault closed = {.size = sizeof closed,
                         .step = tasker_text("pay"),
                         .attempt = 1,
                         .kind = TASKER_FAULT_RETRYABLE,
                         .message = tasker_text("the bank is closed"),
                         .retry_after_seconds = 120};
  tasker_json *report = NULL;
  must(tasker_test_inject(test, &closed, &error), "the fault", error);
  must(tasker_test_run(test, &request, &report, &error), "the run", error);
  must(tasker_report_executions_of(report, tasker_text("pay")) == 1 && paid_once(connection, report), "paid once", NULL);
  tasker_json_free(report);
  must(tasker_test_clear_faults(test, &error), "no more faults", error);

  /* Wherever the process dies, the order is paid once. */
  tasker_crash_options crashes = {.size = sizeof crashes, .check = check, .user_data = connection};
  tasker_str text;
  bool right = false;
  must(tasker_test_crash_everywhere(test, &request, &crashes, &report, &error), "crashes", error);
  must(tasker_json_get_string(report, tasker_text("/text"), &text, &error), "what came of them", error);
  printf("%" TASKER_STR_FORMAT "\n", TASKER_STR(text));
  must(tasker_json_get_bool(report, tasker_text("/right"), &right, &error) && right, "right everywhere", error);

  tasker_json_free(report);
  tasker_json_free(order);
  tasker_test_free(test);
  execute(connection, "rollback");
  PQfinish(connection);
  return 0;
}
