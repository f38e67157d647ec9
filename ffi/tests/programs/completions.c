/* Steps that are completed on a connection of libpq, in a transaction of the handler's. */

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <pthread.h>

#include "database.h"

enum { INVALID = TASKER_ERROR_INVALID_ARGUMENT };

/* Runs a worker on a thread until a task has ended: whether it ended so. */
static void *run(void *worker) {
  tasker_error *error = NULL;
  MUST(tasker_worker_run(worker, &error));
  return NULL;
}

static bool worked(tasker_client *client, const tasker_handler *handler, tasker_task_id id, const char *status) {
  tasker_worker *worker = start(client, handler, 1, 1);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, run, worker) == 0);
  bool so = ends(client, id, status);
  tasker_worker_request_stop(worker);
  CHECK(pthread_join(thread, NULL) == 0);
  tasker_worker_free(worker);
  return so;
}

static const char *const PAY[] = {"pay"};

static PGconn *payments(void) {
  PGconn *connection = connect_here();
  sql(connection, "create table payments (task_id uuid)");
  return connection;
}

static int paid(PGconn *connection) { return number(connection, "select count(*) from payments"); }

static tasker_json *attempt_of(const tasker_step *step) {
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/paid"), tasker_step_attempt(step), NULL);
  return results;
}

/* Pays and completes in one transaction; what is said afterwards counts for nothing. */
static int pay(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *results = attempt_of(step), *ignored = json("{\"ignored\": true}");
  sql(connection, "begin");
  insert_payment(connection, step);
  MUST(tasker_step_complete_in(step, &here, results, &error));
  sql(connection, "commit");
  MUST(tasker_step_succeed(step, ignored, &error));
  tasker_json_free(ignored);
  tasker_json_free(results);
  PQfinish(connection);
  return 0;
}

static void completing(void) {
  static const tasker_handler handler = {"pay", pay, NULL};
  tasker_client *client = open_client();
  PGconn *ledger = payments();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  CHECK(worked(client, &handler, id, "complete") && paid(ledger) == 1);
  tasker_json *step = step_of(client, id, "pay");
  CHECK(says(step, "/results", "{\"paid\": 1}") && says(step, "/attempts", "1"));
  tasker_json_free(step);
  PQfinish(ledger);
  tasker_client_free(client);
}

/* The first attempt rolls back and says nothing, which is a failure. The second fails after its commit, and stays complete. */
static int pay_badly(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *results = attempt_of(step);
  sql(connection, "begin");
  insert_payment(connection, step);
  MUST(tasker_step_complete_in(step, &here, results, &error));
  tasker_json_free(results);
  sql(connection, tasker_step_attempt(step) == 1 ? "rollback" : "commit");
  PQfinish(connection);
  return tasker_step_attempt(step) == 1 ? 0 : EIO;
}

static void rolling_back(void) {
  static const tasker_handler handler = {"pay", pay_badly, NULL};
  tasker_client *client = open_client();
  PGconn *ledger = payments();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  CHECK(worked(client, &handler, id, "complete") && paid(ledger) == 1);
  tasker_json *step = step_of(client, id, "pay");
  CHECK(says(step, "/results", "{\"paid\": 2}") && says(step, "/attempts", "2"));
  tasker_json_free(step);
  PQfinish(ledger);
  tasker_client_free(client);
}

/* The first attempt is told that its step was not completed, and says nothing of it: that is no success. */
static int pay_carelessly(tasker_step *step, void *unused) {
  (void)unused;
  tasker_error *error = NULL;
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *results = attempt_of(step);
  if (tasker_step_attempt(step) == 1) {
    tasker_json_set_double(results, tasker_text("/price"), 1.0 / 0.0, NULL);
  }
  sql(connection, "begin");
  insert_payment(connection, step);
  bool completed = tasker_step_complete_in(step, &here, results, &error);
  CHECK(completed == (tasker_step_attempt(step) == 2));
  CHECK(completed || tasker_error_code(error) == INVALID);
  sql(connection, completed ? "commit" : "rollback");
  tasker_error_free(error);
  tasker_json_free(results);
  PQfinish(connection);
  return 0;
}

static void ignoring(void) {
  static const tasker_handler handler = {"pay", pay_carelessly, NULL};
  tasker_client *client = open_client();
  PGconn *ledger = payments();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  CHECK(worked(client, &handler, id, "complete") && paid(ledger) == 1);
  tasker_json *step = step_of(client, id, "pay");
  CHECK(says(step, "/results", "{\"paid\": 2}") && says(step, "/attempts", "2"));
  tasker_json_free(step);
  PQfinish(ledger);
  tasker_client_free(client);
}

/* An attempt that is over cannot be completed. */
static int pay_too_late(tasker_step *step, void *client) {
  tasker_error *error = NULL;
  tasker_str none = tasker_text(NULL);
  MUST(tasker_client_cancel_task(client, tasker_step_task_id(step), none, none, NULL, &error));
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  sql(connection, "begin");
  insert_payment(connection, step);
  REFUSED(tasker_step_complete_in(step, &here, NULL, &error), TASKER_ERROR_ATTEMPT_LOST);
  REFUSED_SAYING(tasker_step_complete_in(step, &here, NULL, &error), INVALID, "has failed");
  sql(connection, "rollback");
  PQfinish(connection);
  return 0;
}

static void too_late(void) {
  tasker_client *client = open_client();
  tasker_handler handler = {"pay", pay_too_late, client};
  PGconn *ledger = payments();
  chain(client, PAY, 1, NULL);
  tasker_task_id id = create(client, "{}");
  CHECK(worked(client, &handler, id, "cancelled") && paid(ledger) == 0);
  PQfinish(ledger);
  tasker_client_free(client);
}

/* A program that polls completes a step, and frees it or says that it succeeded; not both before. */
static void polling(void) {
  static const tasker_handler handler = {"pay", NULL, NULL};
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  PGconn *ledger = payments();
  tasker_connection here = tasker_libpq(ledger);
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, &handler, 1, 1);
  for (int way = 0; way < 3; way++) {
    tasker_task_id id = create(client, "{}");
    tasker_step *step;
    size_t count;
    MUST(tasker_worker_poll(worker, &step, 1, -1, &count, &error) && count == 1);
    sql(ledger, "begin");
    insert_payment(ledger, step);
    if (way == 2) {
      MUST(tasker_step_succeed(step, NULL, &error));
      REFUSED_SAYING(tasker_step_complete_in(step, &here, NULL, &error), TASKER_ERROR_ILLEGAL_TRANSITION, "not both");
    } else {
      MUST(tasker_step_complete_in(step, &here, NULL, &error));
    }
    sql(ledger, "commit");
    if (way == 1) {
      MUST(tasker_step_succeed(step, NULL, &error));
    }
    tasker_step_free(step);
    CHECK(ends(client, id, "complete"));
    tasker_json *found = step_of(client, id, "pay");
    CHECK(says(found, "/attempts", "1"));
    tasker_json_free(found);
  }
  CHECK(paid(ledger) == 3);
  tasker_worker_free(worker);
  PQfinish(ledger);
  tasker_client_free(client);
}

static const struct test_case cases[] = {{"completing", completing}, {"rolling_back", rolling_back}, {"ignoring", ignoring},
                                         {"too_late", too_late},     {"polling", polling}};
CASES(cases)
