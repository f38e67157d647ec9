/* What a client answers and refuses. */

#include "support.h"

static const char *const PAY[] = {"pay"};

static void verbs(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_json *context = json("{\"order\": 7}"), *more = json("{\"tags\": [\"vip\"], \"priority\": 1}"), *answer = NULL;
  tasker_task_request request = {.size = sizeof request,
                                 .name = tasker_text("order"),
                                 .namespace_name = tasker_text("default"),
                                 .version = tasker_text("1.0.0"),
                                 .context = context,
                                 .idempotency_key = tasker_text("7"),
                                 .more = more};
  tasker_task_id id, again;
  bool created;
  MUST(tasker_client_create_task(client, &request, &id, &created, &error) && created);
  MUST(tasker_client_create_task(client, &request, &again, &created, &error) && !created);
  CHECK(strcmp(id.text, again.text) == 0 && strlen(id.text) == 36);
  tasker_str task = tasker_text(id.text), pay = tasker_text("pay"), anna = tasker_text("anna"), none = tasker_text(NULL);

  MUST(tasker_client_task(client, task, &answer, &error));
  CHECK(says(answer, "/status", "\"pending\"") && says(answer, "/context", "{\"order\": 7}"));
  CHECK(says(answer, "/tags", "[\"vip\"]") && says(answer, "/priority", "1"));
  tasker_json_free(answer);
  MUST(tasker_client_step(client, task, tasker_text("1"), &answer, &error));
  CHECK(says(answer, "/name", "\"pay\""));
  tasker_json_free(answer);
  MUST(tasker_client_pause_task(client, task, anna, tasker_text("wait"), &error));
  MUST(tasker_client_why(client, task, pay, &answer, &error));
  CHECK(says(answer, "/0/reason", "\"paused\""));
  tasker_json_free(answer);
  MUST(tasker_client_resume_task(client, task, anna, none, &error));
  MUST(tasker_client_why(client, task, none, &answer, &error));
  CHECK(tasker_json_get_type(answer, tasker_text("/0")) == TASKER_JSON_TYPE_OBJECT);
  tasker_json_free(answer);
  REFUSED(tasker_client_retry_step(client, task, pay, anna, none, NULL, &error), TASKER_ERROR_ILLEGAL_TRANSITION);
  MUST(tasker_client_resolve_step(client, task, pay, context, anna, none, NULL, &error));
  CHECK(ends(client, id, "complete"));
  tasker_json *step = step_of(client, id, "pay");
  CHECK(says(step, "/results/order", "7"));
  tasker_json_free(step);

  request.idempotency_key = none;
  MUST(tasker_client_create_task(client, &request, &id, NULL, &error));
  task = tasker_text(id.text);
  MUST(tasker_client_cancel_task(client, task, anna, tasker_text("enough"), &answer, &error));
  CHECK(says(answer, "/status", "\"cancelled\""));
  tasker_json_free(answer);
  REFUSED(tasker_client_retry_task(client, task, anna, none, NULL, &error), TASKER_ERROR_ILLEGAL_TRANSITION);
  tasker_json_free(context);
  tasker_json_free(more);
  tasker_client_free(client);
}

static void annotations(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  tasker_str task = tasker_text(id.text), note = tasker_text("note");
  tasker_json *parcel = json("{\"by\": \"DHL\"}"), *number = json("18446744073709551615"), *null = json("null");
  tasker_json *answer = NULL, *noted = NULL;
  MUST(tasker_client_list_annotations(client, task, &answer, &error));
  CHECK(says(answer, "", "[]"));
  tasker_json_free(answer);

  MUST(tasker_client_annotate_task(client, task, tasker_text(" parcel "), parcel, &noted, &error));
  CHECK(says(noted, "/annotation_type", "\"parcel\"") && says(noted, "/annotation", "{\"by\": \"DHL\"}"));
  tasker_str text;
  int64_t annotation_id;
  MUST(tasker_json_get_string(noted, tasker_text("/task_id"), &text, &error));
  CHECK(is(text, id.text));
  MUST(tasker_json_get_string(noted, tasker_text("/created_at"), &text, &error));
  MUST(tasker_json_get_int64(noted, tasker_text("/task_annotation_id"), &annotation_id, &error));
  MUST(tasker_client_annotate_task(client, task, note, number, NULL, &error));
  MUST(tasker_client_list_annotations(client, task, &answer, &error));
  tasker_json *first = tasker_json_get(answer, tasker_text("/0"), &error);
  CHECK(tasker_json_equal(first, noted));
  CHECK(says(answer, "/1/annotation_type", "\"note\"") && says(answer, "/1/annotation", "18446744073709551615"));
  size_t count;
  MUST(tasker_json_get_size(answer, tasker_text(""), &count, &error));
  CHECK(count == 2);
  tasker_json_free(first);
  tasker_json_free(noted);
  tasker_json_free(answer);

  char long_type[66];
  memset(long_type, 'x', sizeof long_type - 1);
  long_type[sizeof long_type - 1] = '\0';
  tasker_str nothing = tasker_text("0190a0a0-0000-7000-8000-000000000000");
  REFUSED(tasker_client_annotate_task(client, task, note, null, NULL, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_client_annotate_task(client, task, tasker_text(""), number, NULL, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_client_annotate_task(client, task, tasker_text(long_type), number, NULL, &error),
          TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_client_annotate_task(client, nothing, note, number, NULL, &error), TASKER_ERROR_NOT_FOUND);
  REFUSED(tasker_client_list_annotations(client, nothing, NULL, &error), TASKER_ERROR_NOT_FOUND);
  /* A change that was refused is told here, too. */
  tasker_json *refused = tasker_json_new();
  tasker_json_set_string(refused, tasker_text("/by"), tasker_text("a\xff"), NULL);
  REFUSED(tasker_client_annotate_task(client, task, note, refused, NULL, &error), TASKER_ERROR_INVALID_UTF8);
  tasker_json_free(refused);
  tasker_json_free(parcel);
  tasker_json_free(number);
  tasker_json_free(null);
  tasker_client_free(client);
}

/* What has no function of its own is a verb by name. */
static void by_name(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  create(client, "{}");
  tasker_json *arguments = json("{\"filter\": {\"status\": [\"pending\"]}}"), *answer = NULL;
  MUST(tasker_client_call(client, tasker_text("count_tasks"), arguments, &answer, &error));
  CHECK(is(tasker_json_text(answer), "1"));
  tasker_json_free(answer);
  MUST(tasker_client_call(client, tasker_text("named_tasks"), NULL, &answer, &error));
  CHECK(says(answer, "/0/name", "\"order\""));
  tasker_json_free(answer);
  CHECK(!tasker_client_call(client, tasker_text("count_task"), NULL, NULL, &error));
  CHECK(contains(tasker_error_message(error), "'count_tasks'"));
  CHECK(tasker_json_get_type(tasker_error_details(error), tasker_text("/verbs/0")) == TASKER_JSON_TYPE_STRING);
  tasker_error_free(error);
  tasker_json_free(arguments);
  tasker_client_free(client);
}

static void errors(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  CHECK(!tasker_client_task(client, tasker_text("0190a0a0-0000-7000-8000-000000000000"), NULL, &error));
  CHECK(tasker_error_code(error) == 2001 && tasker_error_code(error) == TASKER_ERROR_NOT_FOUND);
  CHECK(strcmp(tasker_error_kind(error).data, "not_found") == 0 && !tasker_error_retryable(error));
  CHECK(strlen(tasker_error_message(error).data) == tasker_error_message(error).length);
  tasker_error_free(error);
  REFUSED(tasker_client_task(client, tasker_text("no id"), NULL, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("nothing")};
  tasker_task_id id;
  REFUSED(tasker_client_create_task(client, &request, &id, NULL, &error), TASKER_ERROR_UNKNOWN_NAMED_TASK);
  REFUSED(tasker_client_register_yaml(client, tasker_text("name: x"), NULL, &error), TASKER_ERROR_INVALID_TEMPLATE);
  REFUSED(tasker_client_register_file(client, tasker_text("no/such/file.yaml"), NULL, &error),
          TASKER_ERROR_INVALID_ARGUMENT);
  id = create(client, "{}");
  REFUSED(tasker_client_wait(client, tasker_text(id.text), 0, NULL, &error), TASKER_ERROR_TIMEOUT);
  /* A change that was refused is told by whoever is given the document. */
  tasker_json *context = tasker_json_new();
  tasker_json_set_string(context, tasker_text("/name"), tasker_text("a\xff"), NULL);
  request.name = tasker_text("order");
  request.context = context;
  REFUSED(tasker_client_create_task(client, &request, &id, NULL, &error), TASKER_ERROR_INVALID_UTF8);
  tasker_json_free(context);
  tasker_json *settings = json("{\"backof\": {\"jitter_enabled\": false}}");
  tasker_client_options options = {.size = sizeof options, .settings = settings};
  REFUSED(tasker_client_new(&options, &error), TASKER_ERROR_CONFIG_INVALID);
  tasker_json_free(settings);
  tasker_client_free(client);
}

static void database_away(void) {
  tasker_error *error = NULL;
  tasker_client_options options = {.size = sizeof options,
                                   .database_url = tasker_text("postgres://nobody@127.0.0.1:1/none")};
  tasker_client *client = tasker_client_new(&options, &error);
  MUST(client != NULL);
  CHECK(!tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error));
  CHECK(tasker_error_code(error) == TASKER_ERROR_DATABASE_UNAVAILABLE && tasker_error_retryable(error));
  tasker_error_free(error);
  tasker_client_free(client);
}

static void closing(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  MUST(tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error));
  MUST(tasker_client_close(client, &error));
  MUST(tasker_client_close(client, &error));
  CHECK(!tasker_client_call(client, tasker_text("list_tasks"), NULL, NULL, &error) && error != NULL);
  tasker_error_free(error);
  tasker_client_free(client);
}

/* The template of YAML, in code: registered under the same version it is the same. */
static void workflow(void) {
  const char *yaml =
      "name: order\nnamespace_name: shop\nversion: 1.0.0\ndescription: An order\n"
      "schema: {type: object, required: [price]}\n"
      "step_templates:\n"
      "  - {name: validate, handler: shop.order.validate}\n"
      "  - {name: charge, handler: charge_card, depends_on_step: validate, default_retry_limit: 5,\n"
      "     retry: {strategy: constant, base_seconds: 0.5}}\n"
      "  - {name: pack, handler: warehouse, depends_on_step: validate}\n"
      "  - {name: ship, handler: shop.order.ship, depends_on_steps: [charge, pack]}\n";
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  tasker_json *answer = NULL, *required = json("[\"price\"]");
  MUST(tasker_client_register_yaml(client, tasker_text(yaml), &answer, &error));
  CHECK(says(answer, "/registered", "\"new\""));
  tasker_json_free(answer);

  tasker_str none = tasker_text(NULL);
  tasker_workflow *order = tasker_workflow_new(tasker_text("order"), tasker_text("shop"), tasker_text("1.0.0"), &error);
  MUST(order != NULL);
  tasker_json *keys = tasker_workflow_keys(order);
  tasker_json_set_string(keys, tasker_text("/description"), tasker_text("An order"), NULL);
  tasker_json_set_string(keys, tasker_text("/schema/type"), tasker_text("object"), NULL);
  tasker_json_set(keys, tasker_text("/schema/required"), required, NULL);
  tasker_workflow_step *validate = tasker_workflow_add_step(order, tasker_text("validate"), none, &error);
  tasker_workflow_step *charge = tasker_workflow_add_step(order, tasker_text("charge"), tasker_text("charge_card"), &error);
  tasker_workflow_step *pack = tasker_workflow_add_step(order, tasker_text("pack"), tasker_text("warehouse"), &error);
  tasker_workflow_step *ship = tasker_workflow_add_step(order, tasker_text("ship"), none, &error);
  keys = tasker_workflow_step_keys(charge);
  tasker_json_set_int64(keys, tasker_text("/default_retry_limit"), 5, NULL);
  tasker_json_set_string(keys, tasker_text("/retry/strategy"), tasker_text("constant"), NULL);
  tasker_json_set_double(keys, tasker_text("/retry/base_seconds"), 0.5, NULL);
  MUST(tasker_workflow_depends_on(charge, validate, &error));
  MUST(tasker_workflow_depends_on(pack, validate, &error));
  MUST(tasker_workflow_depends_on(ship, charge, &error));
  MUST(tasker_workflow_depends_on(ship, pack, &error));
  tasker_json *content = tasker_workflow_template(order, &error);
  MUST(content != NULL);
  MUST(tasker_client_register_template(client, content, &answer, &error));
  CHECK(says(answer, "/registered", "\"unchanged\""));
  tasker_json_free(answer);

  tasker_workflow *other = tasker_workflow_new(tasker_text("other"), none, tasker_text("1.0.0"), &error);
  tasker_workflow_step *elsewhere = tasker_workflow_add_step(other, tasker_text("elsewhere"), none, &error);
  REFUSED(tasker_workflow_depends_on(ship, elsewhere, &error), TASKER_ERROR_INVALID_ARGUMENT);
  REFUSED(tasker_workflow_add_step(order, tasker_text("ship"), none, &error), TASKER_ERROR_INVALID_ARGUMENT);
  MUST(tasker_workflow_depends_on(validate, validate, &error));
  tasker_json_free(content);
  content = tasker_workflow_template(order, &error);
  MUST(content != NULL);
  REFUSED(tasker_client_register_template(client, content, NULL, &error), TASKER_ERROR_CYCLE_DETECTED);
  tasker_json_set_double(keys, tasker_text("/timeout_seconds"), 1.0 / 0.0, NULL);
  REFUSED(tasker_workflow_template(order, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_json_free(content);
  tasker_json_free(required);
  tasker_workflow_free(order);
  tasker_workflow_free(other);
  tasker_client_free(client);
}

static const struct test_case cases[] = {
    {"verbs", verbs},        {"annotations", annotations}, {"by_name", by_name},   {"errors", errors},
    {"away", database_away}, {"closing", closing},         {"workflow", workflow}};
CASES(cases)
