/* What no function takes: NULL, what is not UTF-8, options of other sizes. No database is needed. */

#include <tasker_test.h>

#include "support.h"

#define NONE tasker_text(NULL)
#define NO_UTF8 tasker_text("a\xff")

enum {
  NULL_POINTER = TASKER_ERROR_NULL_POINTER,
  INVALID = TASKER_ERROR_INVALID_ARGUMENT,
  UTF8 = TASKER_ERROR_INVALID_UTF8
};

static tasker_client *some_client(void) {
  tasker_error *error = NULL;
  tasker_client *client = tasker_client_new(NULL, &error);
  MUST(client != NULL);
  return client;
}

static void nulls_of_documents(void) {
  tasker_json *document = json("{}");
  tasker_str pointer = tasker_text("/a"), text;
  int64_t whole;
  uint64_t natural;
  double number;
  bool truth;
  size_t size;
  REFUSED(tasker_json_parse(NONE, &error), NULL_POINTER);
  REFUSED(tasker_json_copy(NULL, &error), NULL_POINTER);
  REFUSED(tasker_json_get_string(NULL, pointer, &text, &error), NULL_POINTER);
  REFUSED(tasker_json_get_string(document, NONE, &text, &error), NULL_POINTER);
  REFUSED(tasker_json_get_string(document, pointer, NULL, &error), NULL_POINTER);
  REFUSED(tasker_json_get_int64(NULL, pointer, &whole, &error), NULL_POINTER);
  REFUSED(tasker_json_get_uint64(NULL, pointer, &natural, &error), NULL_POINTER);
  REFUSED(tasker_json_get_double(NULL, pointer, &number, &error), NULL_POINTER);
  REFUSED(tasker_json_get_bool(NULL, pointer, &truth, &error), NULL_POINTER);
  REFUSED(tasker_json_get_size(NULL, pointer, &size, &error), NULL_POINTER);
  REFUSED(tasker_json_get_key(NULL, pointer, 0, &text, &error), NULL_POINTER);
  REFUSED(tasker_json_get_key(document, tasker_text(""), 0, NULL, &error), NULL_POINTER);
  REFUSED(tasker_json_get(NULL, pointer, &error), NULL_POINTER);
  REFUSED(tasker_json_set_string(NULL, pointer, pointer, &error), NULL_POINTER);
  REFUSED(tasker_json_set_string(document, pointer, NONE, &error), NULL_POINTER);
  REFUSED(tasker_json_set_int64(NULL, pointer, 1, &error), NULL_POINTER);
  REFUSED(tasker_json_set_uint64(NULL, pointer, 1, &error), NULL_POINTER);
  REFUSED(tasker_json_set_double(NULL, pointer, 1, &error), NULL_POINTER);
  REFUSED(tasker_json_set_bool(NULL, pointer, true, &error), NULL_POINTER);
  REFUSED(tasker_json_set_null(NULL, pointer, &error), NULL_POINTER);
  REFUSED(tasker_json_set_object(NULL, pointer, &error), NULL_POINTER);
  REFUSED(tasker_json_set_array(NULL, NONE, &error), NULL_POINTER);
  REFUSED(tasker_json_set(NULL, pointer, document, &error), NULL_POINTER);
  REFUSED(tasker_json_set(document, pointer, NULL, &error), NULL_POINTER);
  CHECK(tasker_json_get_type(NULL, pointer) == TASKER_JSON_TYPE_MISSING);
  CHECK(tasker_json_get_type(document, NONE) == TASKER_JSON_TYPE_MISSING);
  CHECK(tasker_json_text(NULL).data == NULL);
  CHECK(!tasker_json_equal(NULL, document) && !tasker_json_equal(document, NULL));
  tasker_json_free(document);
  tasker_json_free(NULL);
}

static void nulls_of_errors(void) {
  CHECK(tasker_error_code(NULL) == 0);
  CHECK(tasker_error_kind(NULL).data == NULL);
  CHECK(tasker_error_message(NULL).data == NULL);
  CHECK(!tasker_error_retryable(NULL));
  CHECK(tasker_error_details(NULL) == NULL);
  tasker_error_free(NULL);
  /* Whoever does not want to know is not told. */
  CHECK(tasker_json_parse(NONE, NULL) == NULL);
}

static void nulls_of_clients(void) {
  tasker_client *client = some_client();
  tasker_str text = tasker_text("0190a0a0-0000-7000-8000-000000000000");
  tasker_task_request request = {.size = sizeof request};
  tasker_task_id id;
  REFUSED(tasker_client_close(NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_call(NULL, text, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_call(client, NONE, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_migrate(NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_register_yaml(client, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_register_file(client, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_register_template(client, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task(client, NULL, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task(client, &request, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task(client, &request, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_wait(client, NONE, 0, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_task(client, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_step(client, text, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_why(client, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_annotate_task(client, NONE, text, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_annotate_task(client, text, NONE, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_annotate_task(client, text, text, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_list_annotations(client, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_list_annotations(NULL, text, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_cancel_task(client, NONE, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_retry_task(client, NONE, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_retry_step(client, text, NONE, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_resolve_step(client, text, NONE, NULL, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_pause_task(client, NONE, NONE, NONE, &error), NULL_POINTER);
  REFUSED(tasker_client_resume_task(client, NONE, NONE, NONE, &error), NULL_POINTER);
  tasker_client_free(NULL);
  tasker_client_free(client);
}

static void nulls_of_workers(void) {
  tasker_client *client = some_client();
  tasker_worker_options options = {.size = sizeof options, .handler_count = 1};
  tasker_step *step;
  size_t count;
  REFUSED(tasker_worker_new(NULL, &options, &error), NULL_POINTER);
  REFUSED(tasker_worker_new(client, NULL, &error), NULL_POINTER);
  REFUSED(tasker_worker_new(client, &options, &error), NULL_POINTER);
  tasker_handler nameless = {NULL, NULL, NULL};
  options.handlers = &nameless;
  REFUSED(tasker_worker_new(client, &options, &error), NULL_POINTER);
  REFUSED(tasker_worker_run(NULL, &error), NULL_POINTER);
  REFUSED(tasker_worker_poll(NULL, &step, 1, 0, &count, &error), NULL_POINTER);
  REFUSED(tasker_worker_fd(NULL, &error) >= 0, NULL_POINTER);
  REFUSED(tasker_worker_status(NULL, &error), NULL_POINTER);
  REFUSED(tasker_worker_stop(NULL, &error), NULL_POINTER);
  tasker_worker_request_stop(NULL);
  tasker_worker_free(NULL);
  tasker_client_free(client);
}

static void nulls_of_steps(void) {
  CHECK(tasker_step_task_id(NULL).data == NULL && tasker_step_name(NULL).data == NULL);
  CHECK(tasker_step_handler(NULL).data == NULL && tasker_step_task_name(NULL).data == NULL);
  CHECK(tasker_step_namespace(NULL).data == NULL && tasker_step_version(NULL).data == NULL);
  CHECK(tasker_step_no(NULL) == 0 && tasker_step_claim_no(NULL) == 0 && tasker_step_attempt(NULL) == 0);
  CHECK(tasker_step_config(NULL) == NULL && tasker_step_time_left_ms(NULL) == -1);
  CHECK(!tasker_step_cancelled(NULL) && !tasker_step_wait_cancelled(NULL, 0));
  REFUSED(tasker_step_context(NULL, &error), NULL_POINTER);
  REFUSED(tasker_step_results(NULL, tasker_text("a"), &error), NULL_POINTER);
  REFUSED(tasker_step_succeed(NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_step_fail_retryable(NULL, NONE, 0, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_step_fail_permanent(NULL, NONE, NONE, NULL, &error), NULL_POINTER);
  REFUSED(tasker_step_release(NULL, &error), NULL_POINTER);
  tasker_step_free(NULL);
}

static void nulls_of_workflows(void) {
  tasker_str name = tasker_text("order");
  tasker_error *error = NULL;
  tasker_workflow *workflow = tasker_workflow_new(name, NONE, tasker_text("1.0.0"), &error);
  MUST(workflow != NULL);
  tasker_workflow_step *step = tasker_workflow_add_step(workflow, name, NONE, &error);
  MUST(step != NULL);
  REFUSED(tasker_workflow_new(NONE, NONE, name, &error), NULL_POINTER);
  REFUSED(tasker_workflow_new(name, NONE, NONE, &error), NULL_POINTER);
  REFUSED(tasker_workflow_add_step(NULL, name, NONE, &error), NULL_POINTER);
  REFUSED(tasker_workflow_add_step(workflow, NONE, NONE, &error), NULL_POINTER);
  REFUSED(tasker_workflow_depends_on(NULL, step, &error), NULL_POINTER);
  REFUSED(tasker_workflow_depends_on(step, NULL, &error), NULL_POINTER);
  REFUSED(tasker_workflow_template(NULL, &error), NULL_POINTER);
  CHECK(tasker_workflow_keys(NULL) == NULL && tasker_workflow_step_keys(NULL) == NULL);
  tasker_workflow_free(workflow);
  tasker_workflow_free(NULL);
  REFUSED(tasker_logs_keep(NONE, &error), NULL_POINTER);
}

/* A driver of the program's own: how it stands, and what it answers. */
struct driver {
  int state;
  const char *sqlstate, *message, *row;
  int statements;
};

static int state_of(void *handle) { return ((struct driver *)handle)->state; }

static void answer(void *handle, const tasker_statement *statement, tasker_reply *reply) {
  struct driver *driver = handle;
  driver->statements++;
  CHECK(strlen(statement->sql) > 0 && statement->parameter_count >= 0);
  for (int index = 0; index < statement->parameter_count; index++) {
    CHECK(statement->parameters[index] == NULL || strlen(statement->parameters[index]) < 100000);
  }
  if (driver->row != NULL) {
    tasker_reply_row(reply, tasker_text(driver->row));
  }
  if (driver->message != NULL) {
    tasker_reply_refuse(reply, tasker_text(driver->sqlstate), tasker_text(driver->message), NONE);
  }
}

static tasker_connection lend(struct driver *driver) {
  tasker_connection lent = {.size = sizeof lent, .handle = driver, .state = state_of, .execute = answer};
  return lent;
}

static void nulls_of_transactions(void) {
  struct driver driver = {.state = TASKER_CONNECTION_IN_TRANSACTION};
  tasker_connection lent = lend(&driver);
  tasker_client *client = some_client();
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order")};
  tasker_json *requests = json("[]");
  tasker_task_id id;
  REFUSED(tasker_client_create_task_in(NULL, &lent, &request, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task_in(client, NULL, &request, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task_in(client, &lent, NULL, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_task_in(client, &lent, &request, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_tasks_in(NULL, &lent, requests, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_tasks_in(client, NULL, requests, NULL, &error), NULL_POINTER);
  REFUSED(tasker_client_create_tasks_in(client, &lent, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_step_complete_in(NULL, &lent, NULL, &error), NULL_POINTER);
  tasker_connection without = lent;
  without.handle = NULL;
  REFUSED(tasker_client_create_task_in(client, &without, &request, &id, NULL, &error), NULL_POINTER);
  without = lent;
  without.state = NULL;
  REFUSED(tasker_client_create_task_in(client, &without, &request, &id, NULL, &error), NULL_POINTER);
  without = lent;
  without.execute = NULL;
  REFUSED(tasker_client_create_task_in(client, &without, &request, &id, NULL, &error), NULL_POINTER);
  without = lent;
  without.size = 0;
  REFUSED(tasker_client_create_task_in(client, &without, &request, &id, NULL, &error), INVALID);
  tasker_reply_row(NULL, tasker_text("{}"));
  tasker_reply_refuse(NULL, NONE, NONE, NONE);
  CHECK(driver.statements == 0);
  tasker_json_free(requests);
  tasker_client_free(client);
}

static void nulls_of_requests(void) {
  tasker_exchange_event event = {.size = sizeof event};
  tasker_json *head = json("{}");
  REFUSED(tasker_http_new(NULL, head, &error), NULL_POINTER);
  REFUSED(tasker_http_begin(NULL, head, &error), NULL_POINTER);
  REFUSED(tasker_exchange_next(NULL, 0, &event, &error), NULL_POINTER);
  REFUSED(tasker_exchange_fd(NULL, &error) >= 0, NULL_POINTER);
  REFUSED(tasker_exchange_write(NULL, "a", 1, &error), NULL_POINTER);
  REFUSED(tasker_exchange_finish(NULL, &error), NULL_POINTER);
  REFUSED(tasker_exchange_decide(NULL, 1, NULL, 0, &error), NULL_POINTER);
  REFUSED(tasker_exchange_cannot_decide(NULL, 1, tasker_text("a"), &error), NULL_POINTER);
  tasker_exchange_cancel(NULL);
  tasker_exchange_free(NULL);
  tasker_http_free(NULL);
  tasker_json_free(head);
}

static void nulls_of_tests(void) {
  struct driver driver = {.state = TASKER_CONNECTION_IN_TRANSACTION};
  tasker_connection lent = lend(&driver);
  tasker_test_options options = {.size = sizeof options, .handler_count = 1};
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order")};
  tasker_fault fault = {.size = sizeof fault, .step = tasker_text("pay"), .kind = TASKER_FAULT_TIMES_OUT};
  tasker_str a = tasker_text("a");
  tasker_json *report = json("{}");
  tasker_task_id id;
  REFUSED(tasker_test_new(NULL, &options, &error), NULL_POINTER);
  REFUSED(tasker_test_new(&lent, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_new(&lent, &options, &error), NULL_POINTER);
  REFUSED(tasker_test_register_yaml(NULL, a, &error), NULL_POINTER);
  REFUSED(tasker_test_register_file(NULL, a, &error), NULL_POINTER);
  REFUSED(tasker_test_register_template(NULL, report, &error), NULL_POINTER);
  REFUSED(tasker_test_create_task(NULL, &request, &id, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_run(NULL, &request, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_run_to_end(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_run_until_idle(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_run_one(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_report(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_advance(NULL, 1, &error), NULL_POINTER);
  REFUSED(tasker_test_inject(NULL, &fault, &error), NULL_POINTER);
  REFUSED(tasker_test_clear_faults(NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_crash_everywhere(NULL, &request, NULL, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_cancel_task(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_retry_task(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_resolve_task(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_pause_task(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_resume_task(NULL, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_cancel_step(NULL, a, a, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_retry_step(NULL, a, a, true, NULL, &error), NULL_POINTER);
  REFUSED(tasker_test_resolve_step(NULL, a, a, NULL, NULL, &error), NULL_POINTER);
  tasker_test_free(NULL);
  CHECK(tasker_report_status(NULL).data == NULL && tasker_report_status(report).data == NULL);
  CHECK(tasker_report_executions_of(NULL, a) == 0 && tasker_report_executions_of(report, NONE) == 0);
  REFUSED(tasker_report_step(NULL, a, &error), NULL_POINTER);
  REFUSED(tasker_report_step(report, NONE, &error), NULL_POINTER);
  REFUSED(tasker_report_step(report, a, &error), TASKER_ERROR_NOT_FOUND);
  CHECK(driver.statements == 0);
  tasker_json_free(report);
}

static void nulls(void) {
  nulls_of_documents();
  nulls_of_errors();
  nulls_of_clients();
  nulls_of_workers();
  nulls_of_steps();
  nulls_of_workflows();
  nulls_of_transactions();
  nulls_of_requests();
  nulls_of_tests();
}

static void texts(void) {
  tasker_client *client = some_client();
  tasker_json *document = json("{}");
  tasker_str a = tasker_text("a");
  REFUSED(tasker_json_parse(NO_UTF8, &error), UTF8);
  REFUSED(tasker_json_set_string(document, tasker_text("/a"), NO_UTF8, &error), UTF8);
  REFUSED(tasker_json_get(document, NO_UTF8, &error), UTF8);
  REFUSED(tasker_client_call(client, NO_UTF8, NULL, NULL, &error), UTF8);
  REFUSED(tasker_client_task(client, NO_UTF8, NULL, &error), UTF8);
  REFUSED(tasker_client_cancel_task(client, a, NO_UTF8, a, NULL, &error), UTF8);
  REFUSED(tasker_client_annotate_task(client, a, NO_UTF8, document, NULL, &error), UTF8);
  REFUSED(tasker_workflow_new(a, NO_UTF8, a, &error), UTF8);
  tasker_client_options options = {.size = sizeof options, .schema = NO_UTF8};
  REFUSED(tasker_client_new(&options, &error), UTF8);
  tasker_handler handler = {"a\xff", NULL, NULL};
  tasker_worker_options worker = {.size = sizeof worker, .handlers = &handler, .handler_count = 1};
  REFUSED(tasker_worker_new(client, &worker, &error), UTF8);
  tasker_str endless = {"a", SIZE_MAX}, nowhere = {NULL, 1};
  REFUSED(tasker_json_parse(endless, &error), INVALID);
  REFUSED(tasker_json_parse(nowhere, &error), NULL_POINTER);
  tasker_json_free(document);
  tasker_client_free(client);
}

/* Options of a header to come: one more member. */
struct newer_options {
  tasker_client_options known;
  uint64_t unknown;
};

static void options(void) {
  tasker_error *error = NULL;
  struct newer_options newer;
  memset(&newer, 0, sizeof newer);
  REFUSED(tasker_client_new(&newer.known, &error), INVALID);
  newer.known.size = sizeof newer;
  tasker_client *client = tasker_client_new(&newer.known, &error);
  MUST(client != NULL);
  tasker_client_free(client);
  newer.unknown = 1;
  REFUSED(tasker_client_new(&newer.known, &error), INVALID);
  newer.known.size = sizeof newer.known;
  newer.known.flags = 1u << 20;
  REFUSED(tasker_client_new(&newer.known, &error), INVALID);
  /* Of an older header, which ends before the flags: what lies behind is not read. */
  newer.known.size = offsetof(tasker_client_options, flags);
  client = tasker_client_new(&newer.known, &error);
  MUST(client != NULL);
  tasker_client_free(client);
  newer.known.size = sizeof newer.known + 3;
  REFUSED(tasker_client_new(&newer.known, &error), INVALID);
}

/* What was there before stays there when nothing is answered, and so does an error when nothing went wrong. */
static void outputs(void) {
  tasker_json *document = json("{\"a\": 1}");
  tasker_str text = tasker_text("before");
  int64_t whole = 7;
  CHECK(!tasker_json_get_string(document, tasker_text("/a"), &text, NULL) && is(text, "before"));
  CHECK(!tasker_json_get_int64(document, tasker_text("/b"), &whole, NULL) && whole == 7);
  tasker_error *before = (tasker_error *)document;
  tasker_error *error = before;
  CHECK(tasker_json_get_int64(document, tasker_text("/a"), &whole, &error) && error == before && whole == 1);
  tasker_json_free(document);
}

/* What a driver says goes through as it says it. */
static void lending(void) {
  tasker_test_options options = {.size = sizeof options};
  struct driver driver = {.state = TASKER_CONNECTION_IN_TRANSACTION, .sqlstate = "3F000", .message = "there is no tasker"};
  tasker_connection lent = lend(&driver);
  REFUSED(tasker_test_new(&lent, &options, &error), TASKER_ERROR_SCHEMA_MISMATCH);
  driver.sqlstate = "55P03";
  REFUSED(tasker_test_new(&lent, &options, &error), TASKER_ERROR_TIMEOUT);
  /* Without a word on it the connection broke. */
  driver.sqlstate = NULL;
  REFUSED(tasker_test_new(&lent, &options, &error), TASKER_ERROR_DATABASE_UNAVAILABLE);
  CHECK(driver.statements > 0);
  driver.message = NULL;
  driver.row = "\"\xff\"";
  REFUSED(tasker_test_new(&lent, &options, &error), INVALID);
  driver.row = "no row of ours";
  REFUSED(tasker_test_new(&lent, &options, &error), TASKER_ERROR_INTERNAL);
  driver.statements = 0;
  static const struct {
    int state;
    uint32_t code;
  } states[] = {{TASKER_CONNECTION_IDLE, INVALID},     {TASKER_CONNECTION_FAILED, INVALID},
                {TASKER_CONNECTION_BUSY, INVALID},     {TASKER_CONNECTION_BROKEN, TASKER_ERROR_DATABASE_UNAVAILABLE},
                {TASKER_CONNECTION_NOT_UTF8, INVALID}, {99, INVALID}};
  for (size_t index = 0; index < sizeof states / sizeof states[0]; index++) {
    driver.state = states[index].state;
    REFUSED(tasker_test_new(&lent, &options, &error), states[index].code);
  }
  CHECK(driver.statements == 0);
}

static void versions(void) {
  CHECK(tasker_abi_version() == TASKER_ABI_VERSION);
  CHECK(strcmp(tasker_version(), TASKER_VERSION) == 0);
}

static const struct test_case cases[] = {
    {"nulls", nulls}, {"texts", texts}, {"options", options}, {"outputs", outputs}, {"lending", lending},
    {"versions", versions}};
CASES(cases)
