/* Workers whose handlers are called: what they see, return, and say. */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include "support.h"

enum { THREADS = 4 };

static tasker_worker *running;

static void *run(void *worker) {
  tasker_error *error = NULL;
  MUST(tasker_worker_run(worker, &error));
  return NULL;
}

static void begin(pthread_t *threads, size_t count, tasker_worker *worker) {
  for (size_t index = 0; index < count; index++) {
    CHECK(pthread_create(&threads[index], NULL, run, worker) == 0);
  }
}

static void end(pthread_t *threads, size_t count, tasker_worker *worker) {
  tasker_worker_request_stop(worker);
  for (size_t index = 0; index < count; index++) {
    CHECK(pthread_join(threads[index], NULL) == 0);
  }
}

/* The metadata of the last failure of a step. */
static tasker_json *failure_of(tasker_client *client, tasker_task_id id, const char *step) {
  tasker_error *error = NULL;
  tasker_json *arguments = tasker_json_new(), *moves = NULL, *failure = NULL;
  tasker_json_set_string(arguments, tasker_text("/task_id"), tasker_text(id.text), NULL);
  tasker_json_set_string(arguments, tasker_text("/step"), tasker_text(step), NULL);
  MUST(tasker_client_call(client, tasker_text("transitions"), arguments, &moves, &error));
  size_t count = 0;
  MUST(tasker_json_get_size(moves, tasker_text(""), &count, &error));
  for (size_t index = 0; index < count; index++) {
    char pointer[64];
    tasker_str state;
    snprintf(pointer, sizeof pointer, "/%zu/to_state", index);
    MUST(tasker_json_get_string(moves, tasker_text(pointer), &state, &error));
    if (is(state, "error")) {
      snprintf(pointer, sizeof pointer, "/%zu/metadata", index);
      tasker_json_free(failure);
      failure = tasker_json_get(moves, tasker_text(pointer), &error);
    }
  }
  CHECK(failure != NULL);
  tasker_json_free(moves);
  tasker_json_free(arguments);
  return failure;
}

static int validate(tasker_step *step, void *factor) {
  int64_t price = 0;
  tasker_error *error = NULL;
  MUST(tasker_json_get_int64(tasker_step_context(step, &error), tasker_text("/price"), &price, &error));
  CHECK(is(tasker_step_name(step), "validate") && is(tasker_step_task_name(step), "order"));
  CHECK(is(tasker_step_namespace(step), "default") && is(tasker_step_version(step), "1.0.0"));
  CHECK(is(tasker_step_handler(step), "validate") && tasker_step_task_id(step).length == 36);
  CHECK(tasker_step_no(step) == 1 && tasker_step_claim_no(step) == 1 && tasker_step_attempt(step) == 1);
  CHECK(says(tasker_step_config(step), "/currency", "\"EUR\""));
  CHECK(tasker_step_time_left_ms(step) > 0 && tasker_step_time_left_ms(step) <= 60000);
  CHECK(!tasker_step_cancelled(step) && !tasker_step_wait_cancelled(step, 0));
  REFUSED(tasker_step_results(step, tasker_text("ship"), &error), TASKER_ERROR_NOT_FOUND);
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/total"), price * *(int *)factor, NULL);
  MUST(tasker_step_succeed(step, results, &error));
  REFUSED(tasker_step_succeed(step, NULL, &error), TASKER_ERROR_ILLEGAL_TRANSITION);
  tasker_json_free(results);
  /* Not ours to free. */
  tasker_step_free(step);
  return 0;
}

static int charge(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  const tasker_json *validated = tasker_step_results(step, tasker_text("validate"), &error);
  MUST(validated != NULL && validated == tasker_step_results(step, tasker_text("validate"), &error));
  MUST(tasker_step_succeed(step, validated, &error));
  return 0;
}

/* Says nothing: success without results. And asks for what did not come along. */
static int ship(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  CHECK(says(tasker_step_results(step, tasker_text("validate"), &error), "/total", "42"));
  return 0;
}

static void crossing(void) {
  static const char *const steps[] = {"validate", "charge", "ship"};
  int factor = 2;
  tasker_handler handlers[] = {{"validate", validate, &factor}, {"charge", charge, NULL}, {"ship", ship, NULL}};
  tasker_client *client = open_client();
  chain(client, steps, 3, "{\"timeout_seconds\": 60, \"handler_config\": {\"currency\": \"EUR\"}}");
  tasker_task_id id = create(client, "{\"price\": 21}");
  tasker_worker *worker = start(client, handlers, 3, 1);
  pthread_t thread;
  begin(&thread, 1, worker);
  CHECK(ends(client, id, "complete"));
  tasker_json *step = step_of(client, id, "charge");
  CHECK(says(step, "/results", "{\"total\": 42}"));
  tasker_json_free(step);
  step = step_of(client, id, "ship");
  CHECK(says(step, "/results", "{}"));
  tasker_json_free(step);
  end(&thread, 1, worker);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static int flaky(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  tasker_json *details = json("{\"bank\": 1}");
  if (tasker_step_attempt(step) == 1) {
    MUST(tasker_step_fail_retryable(step, tasker_text("the bank is closed"), 0, tasker_text("closed"), details, &error));
  }
  tasker_json_free(details);
  return tasker_step_attempt(step) == 2 ? EIO : 0;
}

static int hopeless(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  /* Texts are repaired, not refused. */
  MUST(tasker_step_fail_permanent(step, tasker_text("no such card \xff"), tasker_text("no_card"), NULL, &error));
  return 0;
}

static void failing(void) {
  static const char *const steps[] = {"flaky", "hopeless"};
  static const tasker_handler handlers[] = {{"flaky", flaky, NULL}, {"hopeless", hopeless, NULL}};
  tasker_client *client = open_client();
  chain(client, steps, 2, "{\"default_retry_limit\": 5}");
  tasker_task_id id = create(client, "{}");
  tasker_worker *worker = start(client, handlers, 2, 1);
  pthread_t thread;
  begin(&thread, 1, worker);
  CHECK(ends(client, id, "error"));
  tasker_json *step = step_of(client, id, "flaky");
  CHECK(says(step, "/attempts", "3") && says(step, "/status", "\"complete\""));
  tasker_json_free(step);
  tasker_json *failure = failure_of(client, id, "flaky");
  tasker_str text;
  CHECK(tasker_json_get_string(failure, tasker_text("/error"), &text, NULL) && contains(text, "os error 5"));
  CHECK(says(failure, "/retryable", "true"));
  tasker_json_free(failure);
  failure = failure_of(client, id, "hopeless");
  CHECK(says(failure, "/error", "\"no such card \xef\xbf\xbd\"") && says(failure, "/error_code", "\"no_card\""));
  CHECK(says(failure, "/retryable", "false"));
  tasker_json_free(failure);
  end(&thread, 1, worker);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static int say_nonsense(tasker_step *step, void *unused) {
  (void)unused;
  tasker_json *results = tasker_json_new();
  tasker_json_set_double(results, tasker_text("/a"), 1.0 / 0.0, NULL);
  REFUSED(tasker_step_succeed(step, results, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_json_free(results);
  return 0;
}

static int say_nul(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  tasker_json *results = tasker_json_new();
  tasker_str nul = {"a\0b", 3};
  MUST(tasker_json_set_string(results, tasker_text("/it"), nul, &error));
  MUST(tasker_step_succeed(step, results, &error));
  tasker_json_free(results);
  return 0;
}

static void unserializable(void) {
  static const char *const steps[] = {"say"};
  static const tasker_handler handlers[][1] = {{{"say", say_nonsense, NULL}}, {{"say", say_nul, NULL}}};
  tasker_client *client = open_client();
  chain(client, steps, 1, NULL);
  for (int which = 0; which < 2; which++) {
    tasker_task_id id = create(client, "{}");
    tasker_worker *worker = start(client, handlers[which], 1, 1);
    pthread_t thread;
    begin(&thread, 1, worker);
    CHECK(ends(client, id, "error"));
    tasker_json *failure = failure_of(client, id, "say");
    CHECK(says(failure, "/error_code", "\"result_not_serializable\""));
    tasker_json_free(failure);
    end(&thread, 1, worker);
    tasker_worker_free(worker);
  }
  tasker_client_free(client);
}

static sem_t begun, heard;

static int slow(tasker_step *step, void *unused) {
  (void)unused;
  sem_post(&begun);
  if (tasker_step_wait_cancelled(step, -1)) {
    sem_post(&heard);
  }
  return 0;
}

static void cancelling(void) {
  static const char *const steps[] = {"slow"};
  static const tasker_handler handlers[] = {{"slow", slow, NULL}};
  tasker_error *error = NULL;
  sem_init(&begun, 0, 0);
  sem_init(&heard, 0, 0);
  tasker_client *client = open_client();
  chain(client, steps, 1, NULL);
  tasker_task_id id = create(client, "{}");
  tasker_worker *worker = start(client, handlers, 1, 1);
  pthread_t thread;
  begin(&thread, 1, worker);
  sem_wait(&begun);
  tasker_str none = tasker_text(NULL);
  MUST(tasker_client_cancel_task(client, tasker_text(id.text), none, none, NULL, &error));
  sem_wait(&heard);
  end(&thread, 1, worker);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static int nothing(tasker_step *step, void *unused) {
  (void)step;
  (void)unused;
  return 0;
}

/* Many threads run many tasks, and a signal stops them. */
static void stop_by_signal(int signal) {
  (void)signal;
  errno = ENOENT;
  tasker_worker_request_stop(running);
  if (errno != ENOENT) {
    abort();
  }
}

static void many_threads(void) {
  enum { TASKS = 100 };
  static const char *const steps[] = {"a", "b"};
  static const tasker_handler handlers[] = {{"a", nothing, NULL}, {"b", nothing, NULL}};
  tasker_client *client = open_client();
  chain(client, steps, 2, NULL);
  running = start(client, handlers, 2, THREADS);
  struct sigaction action = {.sa_handler = stop_by_signal};
  sigaction(SIGTERM, &action, NULL);
  pthread_t threads[THREADS];
  begin(threads, THREADS, running);
  tasker_task_id ids[TASKS];
  for (int index = 0; index < TASKS; index++) {
    ids[index] = create(client, "{}");
  }
  for (int index = 0; index < TASKS; index++) {
    CHECK(ends(client, ids[index], "complete"));
  }
  kill(getpid(), SIGTERM);
  for (int index = 0; index < THREADS; index++) {
    pthread_join(threads[index], NULL);
  }
  tasker_error *error = NULL;
  /* Stopped twice, and once more. */
  MUST(tasker_worker_stop(running, &error));
  MUST(tasker_worker_stop(running, &error));
  tasker_worker_request_stop(running);
  MUST(tasker_worker_run(running, &error));
  tasker_worker_free(running);
  tasker_client_free(client);
}

static void refusing(void) {
  static const char *const steps[] = {"slow"};
  static const tasker_handler handlers[] = {{"slow", slow, NULL}}, without[] = {{"slow", NULL, NULL}},
                              twice[] = {{"slow", slow, NULL}, {"slow", slow, NULL}};
  sem_init(&begun, 0, 0);
  sem_init(&heard, 0, 0);
  tasker_client *client = open_client();
  chain(client, steps, 1, NULL);
  tasker_worker_options options = {.size = sizeof options};
  REFUSED(tasker_worker_new(client, &options, &error), TASKER_ERROR_CONFIG_INVALID);
  options.handlers = twice;
  options.handler_count = 2;
  REFUSED(tasker_worker_new(client, &options, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_worker *worker = start(client, without, 1, 1);
  REFUSED(tasker_worker_run(worker, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_worker_free(worker);
  worker = start(client, handlers, 1, 1);
  tasker_error *error = NULL;
  tasker_task_id id = create(client, "{}");
  pthread_t thread;
  begin(&thread, 1, worker);
  sem_wait(&begun);
  /* One thread more than the concurrency. */
  REFUSED(tasker_worker_run(worker, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_json *status = tasker_worker_status(worker, &error);
  MUST(status != NULL);
  CHECK(says(status, "/running", "1"));
  tasker_json_free(status);
  tasker_str none = tasker_text(NULL);
  MUST(tasker_client_cancel_task(client, tasker_text(id.text), none, none, NULL, &error));
  end(&thread, 1, worker);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static int check_large(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  tasker_str text;
  const tasker_json *context = tasker_step_context(step, &error);
  MUST(context != NULL && context == tasker_step_context(step, &error));
  MUST(tasker_json_get_string(context, tasker_text("/text"), &text, &error));
  CHECK(text.length == 100000);
  return 0;
}

/* A context that does not come along is fetched. */
static void large_context(void) {
  static const char *const steps[] = {"check"};
  static const tasker_handler handlers[] = {{"check", check_large, NULL}};
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, steps, 1, NULL);
  char *letters = malloc(100000);
  CHECK(letters != NULL);
  memset(letters, 'x', 100000);
  tasker_str text = {letters, 100000};
  tasker_json *context = tasker_json_new();
  MUST(tasker_json_set_string(context, tasker_text("/text"), text, &error));
  tasker_task_id id;
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order"), .context = context};
  MUST(tasker_client_create_task(client, &request, &id, NULL, &error));
  tasker_worker *worker = start(client, handlers, 1, 1);
  pthread_t thread;
  begin(&thread, 1, worker);
  CHECK(ends(client, id, "complete"));
  end(&thread, 1, worker);
  tasker_json_free(context);
  free(letters);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static const struct test_case cases[] = {{"crossing", crossing},         {"failing", failing},
                                         {"unserializable", unserializable}, {"cancelling", cancelling},
                                         {"many_threads", many_threads}, {"refusing", refusing},
                                         {"large_context", large_context}};
CASES(cases)
