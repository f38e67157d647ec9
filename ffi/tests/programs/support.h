/* What the programs of the tests have in common. Each is called with the name of a case; a check that fails ends it. */

#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdio.h>
#include <stdlib.h>

#include <tasker.h>

#define CHECK(truth) ((truth) ? (void)0 : fail(__FILE__, __LINE__, #truth, NULL))
/* What may fail and must not: its last argument is `&error`. */
#define MUST(truth) ((truth) ? (void)0 : fail(__FILE__, __LINE__, #truth, error))
/* What must be refused with that kind. */
#define REFUSED(truth, code)                         \
  do {                                               \
    tasker_error *error = NULL;                      \
    CHECK(!(truth));                                 \
    if (tasker_error_code(error) != (code)) {        \
      fail(__FILE__, __LINE__, #truth, error);       \
    }                                                \
    tasker_error_free(error);                        \
  } while (0)

static inline void fail(const char *file, int line, const char *what, tasker_error *error) {
  fprintf(stderr, "%s:%d: %s", file, line, what);
  if (error != NULL) {
    fprintf(stderr, " (%s: %s)", tasker_error_kind(error).data, tasker_error_message(error).data);
  }
  fputc('\n', stderr);
  abort();
}

static inline bool is(tasker_str text, const char *wanted) {
  return text.length == strlen(wanted) && memcmp(text.data, wanted, text.length) == 0;
}

static inline bool contains(tasker_str text, const char *part) {
  size_t length = strlen(part);
  for (size_t at = 0; at + length <= text.length; at++) {
    if (memcmp(text.data + at, part, length) == 0) {
      return true;
    }
  }
  return false;
}

/* A document from text. */
static inline tasker_json *json(const char *text) {
  tasker_error *error = NULL;
  tasker_json *read = tasker_json_parse(tasker_text(text), &error);
  MUST(read != NULL);
  return read;
}

static inline bool says(const tasker_json *document, const char *pointer, const char *wanted) {
  tasker_json *part = tasker_json_get(document, tasker_text(pointer), NULL);
  tasker_json *other = json(wanted);
  bool same = tasker_json_equal(part, other);
  if (!same) {
    fprintf(stderr, "%s is %" TASKER_STR_FORMAT ", not %s\n", pointer, TASKER_STR(tasker_json_text(part)), wanted);
  }
  tasker_json_free(part);
  tasker_json_free(other);
  return same;
}

/* A client of TASKER_DATABASE_URL, whose failed steps come back at once, with more settings. */
static inline tasker_client *client_with(const char *settings) {
  tasker_error *error = NULL;
  tasker_json *given = json(settings);
  tasker_json_set_array(given, tasker_text("/backoff/default_backoff_seconds"), NULL);
  tasker_json_set_int64(given, tasker_text("/backoff/default_backoff_seconds/-"), 0, NULL);
  tasker_json_set_bool(given, tasker_text("/backoff/jitter_enabled"), false, NULL);
  tasker_client_options options = {.size = sizeof options, .settings = given};
  tasker_client *client = tasker_client_new(&options, &error);
  MUST(client != NULL);
  tasker_json_free(given);
  return client;
}

static inline tasker_client *open_client(void) { return client_with("{}"); }

/* Registers a template of steps one after the other, each with the handler of its name, and more keys for each. */
static inline void chain(tasker_client *client, const char *const *steps, size_t count, const char *keys) {
  tasker_error *error = NULL;
  tasker_workflow *workflow = tasker_workflow_new(tasker_text("order"), tasker_text(NULL), tasker_text("1.0.0"), &error);
  tasker_workflow_step *last = NULL;
  MUST(workflow != NULL);
  for (size_t index = 0; index < count; index++) {
    tasker_str name = tasker_text(steps[index]);
    tasker_workflow_step *step = tasker_workflow_add_step(workflow, name, name, &error);
    MUST(step != NULL);
    if (keys != NULL) {
      tasker_json *more = json(keys);
      tasker_str key;
      for (size_t number = 0; tasker_json_get_key(more, tasker_text(""), number, &key, NULL); number++) {
        char pointer[200];
        snprintf(pointer, sizeof pointer, "/%" TASKER_STR_FORMAT, TASKER_STR(key));
        tasker_json *value = tasker_json_get(more, tasker_text(pointer), NULL);
        MUST(tasker_json_set(tasker_workflow_step_keys(step), tasker_text(pointer), value, &error));
        tasker_json_free(value);
      }
      tasker_json_free(more);
    }
    if (last != NULL) {
      MUST(tasker_workflow_depends_on(step, last, &error));
    }
    last = step;
  }
  tasker_json *content = tasker_workflow_template(workflow, &error);
  MUST(content != NULL);
  MUST(tasker_client_register_template(client, content, NULL, &error));
  tasker_json_free(content);
  tasker_workflow_free(workflow);
}

static inline tasker_task_id create(tasker_client *client, const char *context) {
  tasker_error *error = NULL;
  tasker_task_id id;
  tasker_json *given = json(context);
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order"), .context = given};
  MUST(tasker_client_create_task(client, &request, &id, NULL, &error));
  tasker_json_free(given);
  return id;
}

/* Waits for a task: whether it ended so. */
static inline bool ends(tasker_client *client, tasker_task_id id, const char *status) {
  tasker_error *error = NULL;
  tasker_json *task = NULL;
  MUST(tasker_client_wait(client, tasker_text(id.text), 60000, &task, &error));
  tasker_str found;
  MUST(tasker_json_get_string(task, tasker_text("/status"), &found, &error));
  bool so = is(found, status);
  tasker_json_free(task);
  return so;
}

/* A step of a task, to be freed. */
static inline tasker_json *step_of(tasker_client *client, tasker_task_id id, const char *name) {
  tasker_error *error = NULL;
  tasker_json *step = NULL;
  MUST(tasker_client_step(client, tasker_text(id.text), tasker_text(name), &step, &error));
  return step;
}

static inline tasker_worker *start(tasker_client *client, const tasker_handler *handlers, size_t count, size_t concurrency) {
  tasker_error *error = NULL;
  tasker_worker_options options = {
      .size = sizeof options, .handlers = handlers, .handler_count = count, .concurrency = concurrency};
  tasker_worker *worker = tasker_worker_new(client, &options, &error);
  MUST(worker != NULL);
  return worker;
}

/* A case: its name, and what it does. */
struct test_case {
  const char *name;
  void (*run)(void);
};

static inline int run_case(const struct test_case *cases, size_t count, int argc, char **argv) {
  for (size_t index = 0; argc == 2 && index < count; index++) {
    if (strcmp(cases[index].name, argv[1]) == 0) {
      cases[index].run();
      return 0;
    }
  }
  fprintf(stderr, "there is no such case\n");
  return 2;
}

#define CASES(cases)                                                        \
  int main(int argc, char **argv) {                                         \
    return run_case(cases, sizeof(cases) / sizeof(cases)[0], argc, argv);   \
  }

#endif
