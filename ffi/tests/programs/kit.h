/* The workflow of the tests of tasker_test.h, and how they begin and end. */

#ifndef KIT_H
#define KIT_H

#include <tasker_test.h>

#include "database.h"

enum { INVALID = TASKER_ERROR_INVALID_ARGUMENT };

#define NONE tasker_text(NULL)

static const char *const ORDER =
    "name: order\nnamespace_name: shop\nversion: 1.0.0\n"
    "step_templates:\n"
    "  - {name: validate, handler: validate}\n"
    "  - {name: charge, handler: charge, depends_on_step: validate, timeout_seconds: 20, default_retry_limit: 4}\n"
    "  - {name: ship, handler: ship, depends_on_step: charge}\n";

static inline int validate(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  int64_t price = 0;
  MUST(tasker_json_get_int64(tasker_step_context(step, &error), tasker_text("/price"), &price, &error));
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/total"), price * 2, NULL);
  MUST(tasker_step_succeed(step, results, &error));
  tasker_json_free(results);
  return 0;
}

static inline int charge(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  MUST(tasker_step_succeed(step, tasker_step_results(step, tasker_text("validate"), &error), &error));
  CHECK(tasker_step_time_left_ms(step) > 0 && !tasker_step_cancelled(step));
  /* Not ours to free. */
  tasker_step_free(step);
  return 0;
}

/* Says nothing, and reads what it does not depend on. */
static inline int ship(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  const tasker_json *validated = tasker_step_results(step, tasker_text("validate"), &error);
  MUST(validated != NULL && says(validated, "/total", "42"));
  REFUSED(tasker_step_results(step, tasker_text("ship"), &error), TASKER_ERROR_NOT_FOUND);
  return 0;
}

static const tasker_handler HANDLERS[] = {{"validate", validate, NULL}, {"charge", charge, NULL}, {"ship", ship, NULL}};

static tasker_json *context;

/* A request for an order. Its context is freed by `end`. */
static inline tasker_task_request order(void) {
  if (context == NULL) {
    context = json("{\"price\": 21}");
  }
  tasker_task_request request = {
      .size = sizeof request, .name = tasker_text("order"), .namespace_name = tasker_text("shop"), .context = context};
  return request;
}

static inline tasker_test *test_with(PGconn *connection, const tasker_handler *handlers, size_t count) {
  tasker_error *error = NULL;
  tasker_connection here = tasker_libpq(connection);
  tasker_test_options options = {.size = sizeof options, .handlers = handlers, .handler_count = count};
  tasker_test *test = tasker_test_new(&here, &options, &error);
  MUST(test != NULL);
  return test;
}

/* A test of `order` in a transaction that was begun. */
static inline tasker_test *begin(PGconn **connection) {
  tasker_error *error = NULL;
  *connection = connect_here();
  sql(*connection, "begin");
  tasker_test *test = test_with(*connection, HANDLERS, 3);
  MUST(tasker_test_register_yaml(test, tasker_text(ORDER), &error));
  return test;
}

static inline void end(PGconn *connection, tasker_test *test) {
  tasker_test_free(test);
  sql(connection, "rollback");
  CHECK(number(connection, "select count(*) from tasker.tasks") == 0);
  PQfinish(connection);
  tasker_json_free(context);
  context = NULL;
}

/* Whether a task ended so; if not, its report is shown. */
static inline bool ended(const tasker_json *report, const char *status) {
  bool so = is(tasker_report_status(report), status);
  if (!so) {
    fprintf(stderr, "not %s: %" TASKER_STR_FORMAT "\n", status, TASKER_STR(tasker_json_text(report)));
  }
  return so;
}

static inline bool step_says(const tasker_json *report, const char *name, const char *pointer, const char *wanted) {
  tasker_error *error = NULL;
  tasker_json *step = tasker_report_step(report, tasker_text(name), &error);
  MUST(step != NULL);
  bool so = says(step, pointer, wanted);
  tasker_json_free(step);
  return so;
}

static inline size_t executions(const tasker_json *report, const char *step) {
  return tasker_report_executions_of(report, tasker_text(step));
}

#endif
