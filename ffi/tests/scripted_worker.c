/*
 * The scripted worker of C: plays what a scenario says through the public handler API.
 *
 * See tests/scenarios-runner/PROTOCOL.md.
 */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tasker.h>

enum { DEFAULT_CONCURRENCY = 16, MARK_PATH = 4096 };

/* What is set once, before the worker starts. */
static const char *directory;
static tasker_json *script;
static tasker_worker *worker;

/* Ends this process, as by kill -9. */
static void die(void) { kill(getpid(), SIGKILL); }

/* Gives up: what went wrong goes to the log of the scenario. */
static void fail(const char *what, tasker_error *error) {
  fprintf(stderr, "%s: %s\n", what, error == NULL ? "no memory" : tasker_error_message(error).data);
  tasker_error_free(error);
  exit(1);
}

static const char *variable(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    fprintf(stderr, "%s is not set\n", name);
    exit(1);
  }
  return value;
}

/* When standard input ends the runner is gone, and nobody would ever stop us. */
static void *end_with_the_runner(void *unused) {
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  die();
  return unused;
}

static tasker_json *read_script(void) {
  char path[MARK_PATH];
  snprintf(path, sizeof path, "%s/script.json", directory);
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  long size = ftell(file);
  rewind(file);
  char *text = malloc((size_t)size + 1);
  if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) {
    perror(path);
    exit(1);
  }
  fclose(file);
  tasker_error *error = NULL;
  tasker_str given = {text, (size_t)size};
  tasker_json *read = tasker_json_parse(given, &error);
  if (read == NULL) {
    fail("the script does not read", error);
  }
  free(text);
  return read;
}

/* Writes a mark of an execution. False where it is to be a new file and there is one. */
static bool mark(const tasker_step *step, int number, const char *which, int flags) {
  char path[MARK_PATH];
  snprintf(path, sizeof path, "%s/calls/%" TASKER_STR_FORMAT ".%" PRId32 ".%d.%s", directory,
           TASKER_STR(tasker_step_task_id(step)), tasker_step_no(step), number, which);
  int file = open(path, O_WRONLY | O_CREAT | flags, 0644);
  if (file < 0 && errno == EEXIST) {
    return false;
  }
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tasker_json *mark = tasker_json_new();
  tasker_json_set_string(mark, tasker_text("/template"), tasker_step_task_name(step), NULL);
  tasker_json_set_string(mark, tasker_text("/step"), tasker_step_name(step), NULL);
  tasker_json_set_double(mark, tasker_text("/at"), (double)now.tv_sec + (double)now.tv_nsec / 1e9, NULL);
  tasker_json_set_int64(mark, tasker_text("/pid"), getpid(), NULL);
  tasker_str text = tasker_json_text(mark);
  if (file < 0 || write(file, text.data, text.length) != (ssize_t)text.length) {
    perror(path);
    exit(1);
  }
  tasker_json_free(mark);
  close(file);
  return true;
}

/* Takes the next number; whoever makes the file first has it, in whatever process. */
static int begin(const tasker_step *step) {
  int number = 1;
  while (!mark(step, number, "start", O_EXCL)) {
    number++;
  }
  return number;
}

/* The entry of an execution: that of the step of the template, or of the step; an object without members if there is none. */
static tasker_json *entry_of(const tasker_step *step, int number) {
  tasker_json *handlers = tasker_json_get(script, tasker_text("/handlers"), NULL);
  tasker_json *entry = NULL;
  char names[2][MARK_PATH];
  snprintf(names[0], MARK_PATH, "/%" TASKER_STR_FORMAT ".%" TASKER_STR_FORMAT, TASKER_STR(tasker_step_task_name(step)),
           TASKER_STR(tasker_step_name(step)));
  snprintf(names[1], MARK_PATH, "/%" TASKER_STR_FORMAT, TASKER_STR(tasker_step_name(step)));
  for (int place = 0; place < 2 && entry == NULL; place++) {
    size_t count = 0;
    if (tasker_json_get_size(handlers, tasker_text(names[place]), &count, NULL) && count > 0) {
      char pointer[MARK_PATH + 32];
      size_t index = (size_t)number < count ? (size_t)number - 1 : count - 1;
      snprintf(pointer, sizeof pointer, "%s/%zu", names[place], index);
      entry = tasker_json_get(handlers, tasker_text(pointer), NULL);
    }
  }
  tasker_json_free(handlers);
  return entry == NULL ? tasker_json_new() : entry;
}

static bool has(const tasker_json *entry, const char *pointer) {
  return tasker_json_get_type(entry, tasker_text(pointer)) != TASKER_JSON_TYPE_MISSING;
}

static bool is_true(const tasker_json *entry, const char *pointer) {
  bool value = false;
  return tasker_json_get_bool(entry, tasker_text(pointer), &value, NULL) && value;
}

static tasker_str string_of(const tasker_json *entry, const char *pointer, const char *otherwise) {
  tasker_str value = tasker_text(otherwise);
  tasker_json_get_string(entry, tasker_text(pointer), &value, NULL);
  return value;
}

static void fail_permanent(tasker_step *step, const char *message) {
  tasker_step_fail_permanent(step, tasker_text(message), tasker_text(NULL), NULL, NULL);
}

/* The value of a member of the context; null where there is none. */
static tasker_json *member_of_context(const tasker_step *step, tasker_str key) {
  char pointer[MARK_PATH];
  snprintf(pointer, sizeof pointer, "/%" TASKER_STR_FORMAT, TASKER_STR(key));
  tasker_json *value = tasker_json_get(tasker_step_context(step, NULL), tasker_text(pointer), NULL);
  return value == NULL ? tasker_json_parse(tasker_text("null"), NULL) : value;
}

/* Whether the context has what the entry wants of it; if not, that is said. */
static bool context_fits(const tasker_json *entry, tasker_step *step) {
  bool fits = true;
  tasker_str key;
  tasker_str place = tasker_text("/fail_unless_context");
  for (size_t index = 0; fits && tasker_json_get_key(entry, place, index, &key, NULL); index++) {
    char text[MARK_PATH];
    snprintf(text, sizeof text, "/fail_unless_context/%" TASKER_STR_FORMAT, TASKER_STR(key));
    tasker_json *wanted = tasker_json_get(entry, tasker_text(text), NULL);
    tasker_json *found = member_of_context(step, key);
    fits = tasker_json_equal(wanted, found);
    if (!fits) {
      snprintf(text, sizeof text, "the context lacks %" TASKER_STR_FORMAT ": %" TASKER_STR_FORMAT, TASKER_STR(key),
               TASKER_STR(tasker_json_text(wanted)));
      fail_permanent(step, text);
    }
    tasker_json_free(wanted);
    tasker_json_free(found);
  }
  return fits;
}

/* Sleeps as the entry says. False where it was cancelled, which is said. */
static bool pause_for(const tasker_json *entry, tasker_step *step) {
  int64_t milliseconds = 0;
  if (!tasker_json_get_int64(entry, tasker_text("/sleep_ms"), &milliseconds, NULL)) {
    return true;
  }
  if (!is_true(entry, "/cancellable")) {
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
    return true;
  }
  if (!tasker_step_wait_cancelled(step, milliseconds)) {
    return true;
  }
  tasker_step_fail_retryable(step, tasker_text("cancelled"), -1, tasker_text(NULL), NULL, NULL);
  return false;
}

/* Fails as the entry says. */
static int raise_of(const tasker_json *entry, tasker_step *step) {
  tasker_str kind = string_of(entry, "/raise", "");
  tasker_str message = string_of(entry, "/message", "raised by the script");
  tasker_str error_code = string_of(entry, "/error_code", NULL);
  tasker_json *details = tasker_json_get(entry, tasker_text("/details"), NULL);
  if (strncmp(kind.data, "permanent", kind.length) == 0) {
    tasker_step_fail_permanent(step, message, error_code, details, NULL);
  } else if (strncmp(kind.data, "retryable", kind.length) == 0) {
    double retry_after = -1;
    tasker_json_get_double(entry, tasker_text("/retry_after"), &retry_after, NULL);
    tasker_step_fail_retryable(step, message, retry_after, error_code, details, NULL);
  } else {
    /* The ordinary error of C: a number, and no word of Tasker. */
    tasker_json_free(details);
    return EIO;
  }
  tasker_json_free(details);
  return 0;
}

/* What the entry returns. */
static tasker_json *result_of(const tasker_json *entry, const tasker_step *step) {
  int64_t count = 0;
  tasker_str part;
  if (has(entry, "/return")) {
    return tasker_json_get(entry, tasker_text("/return"), NULL);
  }
  if (is_true(entry, "/return_context")) {
    return tasker_json_copy(tasker_step_context(step, NULL), NULL);
  }
  if (tasker_json_get_string(entry, tasker_text("/return_context"), &part, NULL)) {
    return member_of_context(step, part);
  }
  if (tasker_json_get_string(entry, tasker_text("/return_dependency"), &part, NULL)) {
    return tasker_json_copy(tasker_step_results(step, part, NULL), NULL);
  }
  tasker_json *result = tasker_json_new();
  if (tasker_json_get_int64(entry, tasker_text("/return_bytes"), &count, NULL)) {
    char *bytes = malloc((size_t)count);
    if (bytes == NULL) {
      fail("return_bytes", NULL);
    }
    memset(bytes, 'x', (size_t)count);
    tasker_str text = {bytes, (size_t)count};
    tasker_json_set_string(result, tasker_text(""), text, NULL);
    free(bytes);
  } else if (is_true(entry, "/return_unserializable")) {
    tasker_json_set_double(result, tasker_text("/number"), strtod("nan", NULL), NULL);
  } else {
    tasker_json_set_bool(result, tasker_text("/ok"), true, NULL);
  }
  return result;
}

/* Does what an entry says. */
static int perform(const tasker_json *entry, tasker_step *step) {
  if (!context_fits(entry, step) || !pause_for(entry, step)) {
    return 0;
  }
  if (is_true(entry, "/exit_process")) {
    die();
  }
  if (has(entry, "/raise")) {
    return raise_of(entry, step);
  }
  tasker_json *result = result_of(entry, step);
  if (result == NULL) {
    return ENOENT;
  }
  tasker_step_succeed(step, result, NULL);
  tasker_json_free(result);
  return 0;
}

/* One execution: counted, chosen, played, its end marked. */
static int play(tasker_step *step, void *unused) {
  (void)unused;
  int number = begin(step);
  tasker_json *entry = entry_of(step, number);
  int status = perform(entry, step);
  tasker_json_free(entry);
  mark(step, number, "end", O_TRUNC);
  return status;
}

/* The handlers of this runtime: every name of the script is that of the one function. */
static tasker_handler *handlers_of(size_t *count) {
  *count = 0;
  tasker_json_get_size(script, tasker_text("/handler_names/c"), count, NULL);
  tasker_handler *handlers = calloc(*count + 1, sizeof *handlers);
  for (size_t index = 0; handlers != NULL && index < *count; index++) {
    char pointer[64];
    tasker_str name;
    tasker_error *error = NULL;
    snprintf(pointer, sizeof pointer, "/handler_names/c/%zu", index);
    if (!tasker_json_get_string(script, tasker_text(pointer), &name, &error)) {
      fail("a handler has no name", error);
    }
    handlers[index].name = strndup(name.data, name.length);
    handlers[index].function = play;
  }
  return handlers;
}

static void stop(int signal) {
  (void)signal;
  tasker_worker_request_stop(worker);
}

static void *run(void *unused) {
  tasker_error *error = NULL;
  if (!tasker_worker_run(worker, &error)) {
    fail("the worker", error);
  }
  return unused;
}

int main(void) {
  const char *name = variable("TASKER_SCENARIO_WORKER");
  const char *wanted = getenv("TASKER_SCENARIO_CONCURRENCY");
  size_t concurrency = wanted == NULL ? DEFAULT_CONCURRENCY : strtoul(wanted, NULL, 10);
  directory = variable("TASKER_SCENARIO_DIR");
  script = read_script();

  tasker_error *error = NULL;
  tasker_json *settings = tasker_json_get(script, tasker_text("/settings"), NULL);
  tasker_client_options client_options = {
      .size = sizeof client_options, .application_name = tasker_text(name), .settings = settings};
  tasker_client *client = tasker_client_new(&client_options, &error);
  if (client == NULL) {
    fail("the client", error);
  }
  size_t handler_count;
  tasker_handler *handlers = handlers_of(&handler_count);
  tasker_worker_options options = {.size = sizeof options,
                                   .handlers = handlers,
                                   .handler_count = handler_count,
                                   .concurrency = concurrency,
                                   .name = tasker_text(name)};
  worker = tasker_worker_new(client, &options, &error);
  if (worker == NULL) {
    fail("the worker", error);
  }
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);

  char ready[MARK_PATH];
  snprintf(ready, sizeof ready, "%s/workers/%s.ready", directory, name);
  close(open(ready, O_WRONLY | O_CREAT, 0644));

  pthread_t watcher;
  pthread_create(&watcher, NULL, end_with_the_runner, NULL);
  pthread_t *threads = calloc(concurrency, sizeof *threads);
  for (size_t index = 0; index < concurrency; index++) {
    pthread_create(&threads[index], NULL, run, NULL);
  }
  for (size_t index = 0; index < concurrency; index++) {
    pthread_join(threads[index], NULL);
  }

  tasker_worker_free(worker);
  tasker_client_free(client);
  for (size_t index = 0; index < handler_count; index++) {
    free((char *)handlers[index].name);
  }
  free(handlers);
  free(threads);
  tasker_json_free(settings);
  tasker_json_free(script);
  return 0;
}
