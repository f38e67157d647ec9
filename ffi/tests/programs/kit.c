/* The kit of tasker_test.h: workflows in the test's own transaction. */

#include "kit.h"

/* A workflow runs in the transaction, and after the rollback nothing is left. */
static void running(void) {
  tasker_error *error = NULL;
  PGconn *connection;
  tasker_test *test = begin(&connection);
  tasker_task_request request = order();
  tasker_json *report = NULL;
  MUST(tasker_test_run(test, &request, &report, &error));
  CHECK(ended(report, "complete") && step_says(report, "charge", "/results", "{\"total\": 42}"));
  CHECK(step_says(report, "ship", "/results", "{}") && executions(report, "charge") == 1 && executions(report, "nobody") == 0);
  REFUSED_SAYING(tasker_report_step(report, tasker_text("nobody"), &error), TASKER_ERROR_NOT_FOUND, "validate, charge, ship");
  CHECK(number(connection, "select count(*) from tasker.tasks") == 1);
  tasker_json_free(report);
  /* One attempt after another. */
  tasker_task_id id;
  bool created = false;
  MUST(tasker_test_create_task(test, &request, &id, &created, &error) && created);
  for (size_t attempts = 1; attempts <= 3; attempts++) {
    MUST(tasker_test_run_one(test, tasker_text(id.text), &report, &error));
    size_t count = 0;
    MUST(tasker_json_get_size(report, tasker_text("/executions"), &count, &error));
    CHECK(count == attempts && ended(report, attempts == 3 ? "complete" : "in_progress"));
    tasker_json_free(report);
  }
  end(connection, test);
}

static void inject(const tasker_test *test, tasker_fault fault) {
  tasker_error *error = NULL;
  fault.size = sizeof fault;
  fault.step = tasker_text("charge");
  MUST(tasker_test_inject(test, &fault, &error));
}

/* How the order ends with the faults that were injected; they are taken back. */
static tasker_json *faulty(const tasker_test *test, const char *status) {
  tasker_error *error = NULL;
  tasker_task_request request = order();
  tasker_json *report = NULL;
  MUST(tasker_test_run(test, &request, &report, &error));
  CHECK(ended(report, status));
  MUST(tasker_test_clear_faults(test, &error));
  return report;
}

static void faults(void) {
  PGconn *connection;
  tasker_test *test = begin(&connection);
  inject(test, (tasker_fault){.attempt = 1, .kind = TASKER_FAULT_RETRYABLE, .message = tasker_text("503")});
  inject(test, (tasker_fault){.attempt = 2, .kind = TASKER_FAULT_TIMES_OUT});
  inject(test, (tasker_fault){.attempt = 3,
                              .kind = TASKER_FAULT_RETRYABLE,
                              .flags = TASKER_FAULT_AFTER_THE_HANDLER,
                              .message = tasker_text("the answer was lost"),
                              .retry_after_seconds = 3600});
  tasker_json *report = faulty(test, "complete");
  CHECK(executions(report, "charge") == 3 && step_says(report, "charge", "/attempts", "4"));
  CHECK(says(report, "/executions/1/error", "\"503\"") && says(report, "/executions/1/handler_ran", "false"));
  CHECK(says(report, "/executions/3/error", "\"the answer was lost\"") && says(report, "/executions/3/handler_ran", "true"));
  tasker_json_free(report);

  tasker_json *details = json("{\"card\": 7}");
  inject(test, (tasker_fault){.kind = TASKER_FAULT_PERMANENT,
                              .message = tasker_text("no card"),
                              .error_code = tasker_text("no_card"),
                              .details = details});
  report = faulty(test, "error");
  CHECK(step_says(report, "charge", "/results/error_code", "\"no_card\"") && executions(report, "charge") == 0);
  tasker_json_free(report);
  tasker_json_free(details);

  inject(test, (tasker_fault){.attempt = 1, .kind = TASKER_FAULT_TAKES, .seconds = 21});
  inject(test, (tasker_fault){.attempt = 2, .kind = TASKER_FAULT_TAKES, .seconds = 19});
  report = faulty(test, "complete");
  CHECK(executions(report, "charge") == 2 && says(report, "/executions/1/outcome", "\"failed\""));
  tasker_json_free(report);

  inject(test, (tasker_fault){.kind = TASKER_FAULT_NOT_JSON});
  report = faulty(test, "error");
  CHECK(step_says(report, "charge", "/results/error_code", "\"result_not_serializable\""));
  tasker_json_free(report);

  inject(test, (tasker_fault){.attempt = 1, .kind = TASKER_FAULT_WORKER_LOST});
  report = faulty(test, "complete");
  CHECK(executions(report, "charge") == 1 && step_says(report, "charge", "/worker_losses", "1"));
  tasker_json_free(report);
  end(connection, test);
}

/* The clock is the test's. */
static void clock_of_the_test(void) {
  tasker_error *error = NULL;
  PGconn *connection;
  tasker_test *test = begin(&connection);
  tasker_task_request request = order();
  tasker_task_id id;
  tasker_json *report = NULL;
  tasker_str now, due;
  inject(test, (tasker_fault){.attempt = 1, .kind = TASKER_FAULT_RETRYABLE, .retry_after_seconds = 1});
  MUST(tasker_test_create_task(test, &request, &id, NULL, &error));
  MUST(tasker_test_run_until_idle(test, tasker_text(id.text), &report, &error));
  MUST(tasker_json_get_string(report, tasker_text("/now"), &now, &error));
  MUST(tasker_json_get_string(report, tasker_text("/next_due_at"), &due, &error));
  CHECK(ended(report, "in_progress") && strncmp(now.data, due.data, 19) < 0);
  tasker_json_free(report);
  MUST(tasker_test_advance(test, 0.5, &error));
  MUST(tasker_test_run_until_idle(test, tasker_text(id.text), &report, &error));
  CHECK(executions(report, "charge") == 0);
  tasker_json_free(report);
  MUST(tasker_test_advance(test, 0.5, &error));
  MUST(tasker_test_run_until_idle(test, tasker_text(id.text), &report, &error));
  CHECK(ended(report, "complete") && executions(report, "charge") == 1);
  tasker_json_free(report);
  REFUSED(tasker_test_advance(test, -1, &error), INVALID);
  REFUSED(tasker_test_advance(test, 1.0 / 0.0, &error), INVALID);
  end(connection, test);
}

/* What an operator would do in between. What is refused leaves the test as it was. */
static void operating(void) {
  tasker_error *error = NULL;
  PGconn *connection;
  tasker_test *test = begin(&connection);
  tasker_task_request request = order();
  tasker_task_id id;
  tasker_json *report = NULL, *results = json("{\"total\": 42}");
  MUST(tasker_test_create_task(test, &request, &id, NULL, &error));
  tasker_str task = tasker_text(id.text);
  MUST(tasker_test_pause_task(test, task, NULL, &error));
  MUST(tasker_test_run_until_idle(test, task, &report, &error));
  CHECK(executions(report, "validate") == 0);
  tasker_json_free(report);
  MUST(tasker_test_resume_task(test, task, NULL, &error));
  inject(test, (tasker_fault){.attempt = 1, .kind = TASKER_FAULT_PERMANENT});
  MUST(tasker_test_run_to_end(test, task, &report, &error));
  CHECK(ended(report, "error"));
  tasker_json_free(report);
  MUST(tasker_test_retry_step(test, task, tasker_text("charge"), false, NULL, &error));
  MUST(tasker_test_resolve_step(test, task, tasker_text("charge"), results, &report, &error));
  CHECK(step_says(report, "charge", "/status", "\"resolved_manually\""));
  tasker_json_free(report);
  MUST(tasker_test_run_to_end(test, task, &report, &error));
  CHECK(ended(report, "complete") && step_says(report, "charge", "/results", "{\"total\": 42}"));
  tasker_json_free(report);
  REFUSED(tasker_test_resolve_task(test, task, NULL, &error), TASKER_ERROR_ILLEGAL_TRANSITION);
  REFUSED_SAYING(tasker_test_cancel_step(test, task, tasker_text("nobody"), NULL, &error), TASKER_ERROR_NOT_FOUND, "charge");
  MUST(tasker_test_report(test, task, &report, &error));
  CHECK(ended(report, "complete"));
  tasker_json_free(report);

  MUST(tasker_test_clear_faults(test, &error));
  inject(test, (tasker_fault){.kind = TASKER_FAULT_PERMANENT});
  MUST(tasker_test_run(test, &request, &report, &error));
  tasker_str failed;
  MUST(tasker_json_get_string(report, tasker_text("/task/task_id"), &failed, &error));
  MUST(tasker_test_retry_task(test, failed, NULL, &error));
  MUST(tasker_test_run_to_end(test, failed, NULL, &error));
  tasker_json *resolved = NULL;
  MUST(tasker_test_resolve_task(test, failed, &resolved, &error));
  CHECK(ended(resolved, "resolved_manually"));
  tasker_json_free(resolved);
  tasker_json_free(report);

  MUST(tasker_test_create_task(test, &request, &id, NULL, &error));
  MUST(tasker_test_cancel_step(test, tasker_text(id.text), tasker_text("ship"), NULL, &error));
  MUST(tasker_test_cancel_task(test, tasker_text(id.text), &report, &error));
  CHECK(ended(report, "cancelled"));
  tasker_json_free(report);
  tasker_json_free(results);
  end(connection, test);
}

/* Counts the runs, and objects to a charge that was made twice, if it is to. */
struct judge {
  size_t runs, crashes;
  bool once;
};

static const char *judged(const tasker_json *variant, void *user_data) {
  struct judge *judge = user_data;
  judge->runs++;
  judge->crashes += tasker_json_get_type(variant, tasker_text("/crash/step")) == TASKER_JSON_TYPE_STRING;
  tasker_json *report = tasker_json_get(variant, tasker_text("/report"), NULL);
  size_t charges = tasker_report_executions_of(report, tasker_text("charge"));
  tasker_json_free(report);
  return judge->once && charges > 1 ? "charged twice" : NULL;
}

static void crashing(void) {
  tasker_error *error = NULL;
  PGconn *connection;
  tasker_test *test = begin(&connection);
  tasker_task_request request = order();
  struct judge judge = {.once = false};
  tasker_crash_options options = {.size = sizeof options, .check = judged, .user_data = &judge};
  tasker_json *report = NULL;
  MUST(tasker_test_crash_everywhere(test, &request, &options, &report, &error));
  CHECK(says(report, "/text", "\"right at each of 9 points at which its process can die\"") && says(report, "/right", "true"));
  size_t variants = 0;
  MUST(tasker_json_get_size(report, tasker_text("/variants"), &variants, &error));
  CHECK(variants == 1 + 3 * 3 && judge.runs == variants && judge.crashes == 3 * 3);
  tasker_json_free(report);
  judge.once = true;
  MUST(tasker_test_crash_everywhere(test, &request, &options, &report, &error));
  tasker_str text;
  MUST(tasker_json_get_string(report, tasker_text("/text"), &text, &error));
  CHECK(says(report, "/right", "false") && contains(text, "charged twice") && contains(text, "after the handler of 'charge'"));
  tasker_json_free(report);
  /* Without assertions of its own, and without a report. */
  MUST(tasker_test_crash_everywhere(test, &request, NULL, NULL, &error));
  tasker_json *names = json("[\"nobody\"]");
  tasker_crash_options wrong = {.size = sizeof wrong, .may_differ = names};
  REFUSED_SAYING(tasker_test_crash_everywhere(test, &request, &wrong, &report, &error), INVALID, "nobody");
  tasker_json_free(names);
  CHECK(number(connection, "select count(*) from tasker.tasks") == 0);
  end(connection, test);
}

static const struct test_case cases[] = {{"running", running},
                                         {"faults", faults},
                                         {"clock", clock_of_the_test},
                                         {"operating", operating},
                                         {"crashing", crashing}};
CASES(cases)
