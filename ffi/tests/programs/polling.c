/* Workers that the program polls itself, by waiting or by a descriptor. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "support.h"

static const char *const PAY[] = {"pay"};
static const tasker_handler HANDLERS[] = {{"pay", NULL, NULL}};

/* Polls until there is one. */
static tasker_step *next(tasker_worker *worker) {
  tasker_error *error = NULL;
  tasker_step *step = NULL;
  size_t count = 0;
  MUST(tasker_worker_poll(worker, &step, 1, -1, &count, &error));
  CHECK(count == 1);
  return step;
}

static void outcomes(void) {
  tasker_error *error = NULL;
  tasker_str none = tasker_text(NULL);
  tasker_client *client = open_client();
  chain(client, PAY, 1, "{\"default_retry_limit\": 5}");
  tasker_worker *worker = start(client, HANDLERS, 1, 4);
  tasker_step *step = NULL;
  size_t count = 7;
  MUST(tasker_worker_poll(worker, &step, 1, 0, &count, &error));
  CHECK(count == 0);
  REFUSED(tasker_worker_poll(worker, &step, 0, 0, &count, &error), TASKER_ERROR_INVALID_ARGUMENT);
  tasker_task_id id = create(client, "{\"order\": 7}");

  /* Handed back: the attempt does not count. */
  step = next(worker);
  CHECK(says(tasker_step_context(step, &error), "", "{\"order\": 7}") && tasker_step_attempt(step) == 1);
  MUST(tasker_step_release(step, &error));
  REFUSED(tasker_step_release(step, &error), TASKER_ERROR_ILLEGAL_TRANSITION);
  tasker_step_free(step);
  /* Failed. */
  step = next(worker);
  CHECK(tasker_step_attempt(step) == 1);
  MUST(tasker_step_fail_retryable(step, tasker_text("closed"), -1, none, NULL, &error));
  tasker_step_free(step);
  /* Let go of without a word: a failure, too. */
  step = next(worker);
  CHECK(tasker_step_attempt(step) == 2);
  tasker_step_free(step);
  step = next(worker);
  CHECK(tasker_step_attempt(step) == 3);
  MUST(tasker_step_succeed(step, NULL, &error));
  tasker_step_free(step);
  CHECK(ends(client, id, "complete"));
  MUST(tasker_worker_stop(worker, &error));
  REFUSED(tasker_worker_poll(worker, &step, 1, -1, &count, &error), TASKER_ERROR_SHUTTING_DOWN);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

/* What comes too late is told so. */
static void lost(void) {
  tasker_error *error = NULL;
  tasker_str none = tasker_text(NULL);
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 1);
  tasker_task_id id = create(client, "{}");
  tasker_step *step = next(worker);
  MUST(tasker_client_cancel_task(client, tasker_text(id.text), none, none, NULL, &error));
  CHECK(tasker_step_wait_cancelled(step, -1) && tasker_step_cancelled(step));
  REFUSED(tasker_step_succeed(step, NULL, &error), TASKER_ERROR_ATTEMPT_LOST);
  tasker_step_free(step);
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static bool readable(int poller, int timeout_ms) {
  struct epoll_event event;
  return epoll_wait(poller, &event, 1, timeout_ms) == 1;
}

/* An event loop: work while the descriptor can be read from. */
static void descriptor(void) {
  enum { TASKS = 20, AT_ONCE = 8 };
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, AT_ONCE);
  int fd = tasker_worker_fd(worker, &error), poller = epoll_create1(0);
  MUST(fd >= 0 && fd == tasker_worker_fd(worker, &error));
  struct epoll_event event = {.events = EPOLLIN};
  CHECK(poller >= 0 && epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(!readable(poller, 0));
  tasker_task_id ids[TASKS];
  for (int index = 0; index < TASKS; index++) {
    ids[index] = create(client, "{}");
  }
  tasker_step *steps[AT_ONCE];
  for (size_t done = 0; done < TASKS;) {
    CHECK(readable(poller, 60000));
    size_t count = 0;
    MUST(tasker_worker_poll(worker, steps, AT_ONCE, 0, &count, &error));
    CHECK(count > 0);
    for (size_t index = 0; index < count; index++) {
      MUST(tasker_step_succeed(steps[index], NULL, &error));
      tasker_step_free(steps[index]);
    }
    done += count;
  }
  for (int index = 0; index < TASKS; index++) {
    CHECK(ends(client, ids[index], "complete"));
  }
  CHECK(!readable(poller, 0));
  /* Whoever waits without an end waits for the same. */
  tasker_task_id id = create(client, "{}");
  tasker_step *step = next(worker);
  MUST(tasker_step_succeed(step, NULL, &error));
  tasker_step_free(step);
  CHECK(ends(client, id, "complete"));
  /* The end can be read of, for ever. */
  tasker_worker_request_stop(worker);
  CHECK(readable(poller, 60000));
  size_t count;
  REFUSED(tasker_worker_poll(worker, steps, AT_ONCE, 0, &count, &error), TASKER_ERROR_SHUTTING_DOWN);
  CHECK(readable(poller, 0));
  tasker_worker_free(worker);
  tasker_client_free(client);
  close(poller);
}

/* What was fetched ahead and never taken goes back, and does not count. */
static void ahead(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 1);
  int poller = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, tasker_worker_fd(worker, &error), &event) == 0);
  tasker_task_id id = create(client, "{}");
  CHECK(readable(poller, 60000));
  tasker_worker_free(worker);
  tasker_json *step = step_of(client, id, "pay");
  CHECK(says(step, "/status", "\"pending\"") && says(step, "/attempts", "0"));
  tasker_json_free(step);
  tasker_client_free(client);
  close(poller);
}

static void *poll_for_ever(void *worker) {
  tasker_step *step;
  size_t count;
  REFUSED(tasker_worker_poll(worker, &step, 1, -1, &count, &error), TASKER_ERROR_SHUTTING_DOWN);
  return NULL;
}

/* Who waits for work hears at once that there is to be none. */
static void stopping(void) {
  tasker_client *client = open_client();
  chain(client, PAY, 1, NULL);
  tasker_worker *worker = start(client, HANDLERS, 1, 2);
  pthread_t threads[2];
  for (int index = 0; index < 2; index++) {
    CHECK(pthread_create(&threads[index], NULL, poll_for_ever, worker) == 0);
  }
  tasker_worker_request_stop(worker);
  for (int index = 0; index < 2; index++) {
    CHECK(pthread_join(threads[index], NULL) == 0);
  }
  tasker_worker_free(worker);
  tasker_client_free(client);
}

static const struct test_case cases[] = {
    {"outcomes", outcomes}, {"lost", lost}, {"descriptor", descriptor}, {"ahead", ahead}, {"stopping", stopping}};
CASES(cases)
