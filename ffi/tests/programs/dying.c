/* A worker whose handler pays and completes in one transaction, and is killed at the point that POINT names.
 *
 * `prepare` registers the workflow and creates a task, `run` and `poll` are the worker, `verify` waits for the task. */

#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <unistd.h>

#include "database.h"

static tasker_worker *worker;

/* Ends this process as kill -9 does, if it is to die here. */
static void die_at(const char *point) {
  const char *here = getenv("POINT");
  if (here != NULL && strcmp(here, point) == 0) {
    kill(getpid(), SIGKILL);
  }
}

static int pay(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  die_at("before");
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *results = json("{\"paid\": true}");
  sql(connection, "begin");
  die_at("begun");
  insert_payment(connection, step);
  die_at("written");
  MUST(tasker_step_complete_in(step, &here, results, &error));
  die_at("completed");
  sql(connection, "commit");
  die_at("committed");
  tasker_json_free(results);
  PQfinish(connection);
  return 0;
}

static const tasker_handler HANDLER = {"pay", pay, NULL};

static tasker_client *open_short(void) {
  return client_with("{\"execution\": {\"lease_seconds\": 1.0, \"heartbeat_seconds\": 0.2}}");
}

static void prepare(void) {
  static const char *const steps[] = {"pay"};
  tasker_client *client = open_short();
  chain(client, steps, 1, NULL);
  create(client, "{}");
  PGconn *connection = connect_here();
  sql(connection, "create table payments (task_id uuid)");
  PQfinish(connection);
  tasker_client_free(client);
}

static void stop(int signal) {
  (void)signal;
  tasker_worker_request_stop(worker);
}

static void work(void (*how)(void)) {
  tasker_client *client = open_short();
  worker = start(client, &HANDLER, 1, 1);
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  /* From now on it can be stopped. */
  puts("works");
  fflush(stdout);
  how();
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static void call_handlers(void) {
  tasker_error *error = NULL;
  MUST(tasker_worker_run(worker, &error));
}

static void poll_steps(void) {
  tasker_error *error = NULL;
  tasker_step *step;
  size_t count;
  while (tasker_worker_poll(worker, &step, 1, -1, &count, &error)) {
    if (count == 1) {
      pay(step, NULL);
      die_at("returned");
      tasker_step_free(step);
      die_at("reported");
    }
  }
  CHECK(tasker_error_code(error) == TASKER_ERROR_SHUTTING_DOWN);
  tasker_error_free(error);
}

static void run(void) { work(call_handlers); }

static void poll_by_itself(void) { work(poll_steps); }

static void verify(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_short();
  tasker_json *tasks = NULL, *task = NULL;
  tasker_str id;
  MUST(tasker_client_call(client, tasker_text("list_tasks"), NULL, &tasks, &error));
  MUST(tasker_json_get_string(tasks, tasker_text("/0/task_id"), &id, &error));
  MUST(tasker_client_wait(client, id, 60000, &task, &error));
  CHECK(says(task, "/status", "\"complete\""));
  PGconn *connection = connect_here();
  CHECK(number(connection, "select count(*) from payments") == 1);
  PQfinish(connection);
  tasker_json_free(task);
  tasker_json_free(tasks);
  tasker_client_free(client);
}

static const struct test_case cases[] = {
    {"prepare", prepare}, {"run", run}, {"poll", poll_by_itself}, {"verify", verify}};
CASES(cases)
