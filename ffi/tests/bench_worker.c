/*
 * The worker of `tasker bench --runtime c`: does what lines on its standard input say.
 *
 * `go` starts it, `task REQUEST` creates a task and waits for its end, `tell` asks for what it has used, `stop` ends it.
 */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <tasker.h>

static atomic_ulong calls;
static tasker_json *ok;

static void fail(tasker_error *error) {
  fprintf(stderr, "%s\n", tasker_error_message(error).data);
  exit(1);
}

static int work(tasker_step *step, void *unused) {
  (void)unused;
  calls++;
  tasker_step_succeed(step, ok, NULL);
  return 0;
}

static void *run(void *worker) {
  tasker_error *error = NULL;
  if (!tasker_worker_run(worker, &error)) {
    fail(error);
  }
  return NULL;
}

static void say_usage(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"statements\": null, \"calls\": %lu, \"peak_rss_mb\": %.1f}\n", (unsigned long)calls,
         (double)usage.ru_maxrss / 1024);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* From before the request to the end of the task. */
static void run_task(tasker_client *client, const char *request) {
  tasker_error *error = NULL;
  tasker_json *asked = tasker_json_parse(tasker_text(request), &error), *created = NULL, *wait = tasker_json_new();
  double started = now_ms();
  tasker_str id;
  if (asked == NULL || !tasker_client_call(client, tasker_text("create_task"), asked, &created, &error) ||
      !tasker_json_get_string(created, tasker_text("/task_id"), &id, &error)) {
    fail(error);
  }
  tasker_json_set_string(wait, tasker_text("/task_id"), id, NULL);
  if (!tasker_client_call(client, tasker_text("wait_state"), wait, NULL, &error)) {
    fail(error);
  }
  printf("%f\n", now_ms() - started);
  tasker_json_free(wait);
  tasker_json_free(created);
  tasker_json_free(asked);
}

int main(int argc, char **argv) {
  const char *handler = NULL, *schema = NULL;
  size_t concurrency = 1;
  for (int index = 1; index + 1 < argc; index += 2) {
    if (strcmp(argv[index], "--handler") == 0) {
      handler = argv[index + 1];
    } else if (strcmp(argv[index], "--schema") == 0) {
      schema = argv[index + 1];
    } else if (strcmp(argv[index], "--concurrency") == 0) {
      concurrency = strtoul(argv[index + 1], NULL, 10);
    }
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  tasker_error *error = NULL;
  ok = tasker_json_parse(tasker_text("{\"ok\": true}"), &error);
  tasker_client_options client_options = {
      .size = sizeof client_options, .schema = tasker_text(schema), .application_name = tasker_text("tasker-bench")};
  tasker_client *client = tasker_client_new(&client_options, &error);
  if (client == NULL || !tasker_client_call(client, tasker_text("named_tasks"), NULL, NULL, &error)) {
    fail(error);
  }
  puts("ready");
  char *line = NULL;
  size_t size = 0;
  if (getline(&line, &size, stdin) <= 0 || strcmp(line, "go\n") != 0) {
    return 0;
  }
  tasker_handler handlers[] = {{handler, work, NULL}};
  tasker_worker_options options = {
      .size = sizeof options, .handlers = handlers, .handler_count = 1, .concurrency = concurrency};
  tasker_worker *worker = tasker_worker_new(client, &options, &error);
  if (worker == NULL) {
    fail(error);
  }
  pthread_t *threads = calloc(concurrency, sizeof *threads);
  for (size_t index = 0; threads != NULL && index < concurrency; index++) {
    pthread_create(&threads[index], NULL, run, worker);
  }
  while (getline(&line, &size, stdin) > 0) {
    if (strncmp(line, "task ", 5) == 0) {
      run_task(client, line + 5);
    } else if (strcmp(line, "tell\n") == 0) {
      say_usage();
    } else {
      break;
    }
  }
  tasker_worker_request_stop(worker);
  for (size_t index = 0; threads != NULL && index < concurrency; index++) {
    pthread_join(threads[index], NULL);
  }
  say_usage();
  /* Until the other side lets go, so that it never writes into a closed pipe. */
  while (getline(&line, &size, stdin) > 0) {
  }
  tasker_worker_free(worker);
  tasker_client_free(client);
  tasker_json_free(ok);
  free(threads);
  free(line);
  return 0;
}
