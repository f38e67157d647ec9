/* A worker: it runs the steps of orders.yaml until SIGTERM or Ctrl-C. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include <tasker.h>

enum { THREADS = 4 };

static tasker_worker *worker;

/* Adds up what an order costs. */
static int validate(tasker_step *step, void *unused) {
  (void)unused;
  int64_t price, count;
  const tasker_json *order = tasker_step_context(step, NULL);
  if (!tasker_json_get_int64(order, tasker_text("/price"), &price, NULL) ||
      !tasker_json_get_int64(order, tasker_text("/count"), &count, NULL)) {
    /* Trying again will not help. */
    tasker_step_fail_permanent(step, tasker_text("an order has a price and a count"), tasker_text("no_price"), NULL, NULL);
    return 0;
  }
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/total"), price * count, NULL);
  tasker_step_succeed(step, results, NULL);
  tasker_json_free(results);
  return 0;
}

/* Takes the money; the bank is not always there. */
static int charge(tasker_step *step, void *unused) {
  (void)unused;
  if (tasker_step_attempt(step) == 1) {
    tasker_step_fail_retryable(step, tasker_text("the bank is closed"), 0.1, tasker_text("closed"), NULL, NULL);
    return 0;
  }
  int64_t total = 0;
  tasker_json_get_int64(tasker_step_results(step, tasker_text("validate"), NULL), tasker_text("/total"), &total, NULL);
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/charged"), total, NULL);
  tasker_step_succeed(step, results, NULL);
  tasker_json_free(results);
  return 0;
}

static const tasker_handler HANDLERS[] = {{"shop.order.validate", validate, NULL}, {"shop.order.charge", charge, NULL}};

static int give_up(tasker_error *error) {
  fprintf(stderr, "%s\n", tasker_error_message(error).data);
  tasker_error_free(error);
  return 1;
}

static void stop(int signal) {
  (void)signal;
  tasker_worker_request_stop(worker);
}

static void *run(void *unused) {
  tasker_error *error = NULL;
  if (!tasker_worker_run(worker, &error)) {
    give_up(error);
  }
  return unused;
}

int main(void) {
  tasker_error *error = NULL;
  tasker_client *client = tasker_client_new(NULL, &error);
  if (client == NULL || !tasker_client_migrate(client, &error)) {
    return give_up(error);
  }
  tasker_worker_options options = {
      .size = sizeof options, .handlers = HANDLERS, .handler_count = 2, .concurrency = THREADS};
  worker = tasker_worker_new(client, &options, &error);
  if (worker == NULL) {
    return give_up(error);
  }
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);

  pthread_t threads[THREADS];
  for (int index = 0; index < THREADS; index++) {
    pthread_create(&threads[index], NULL, run, NULL);
  }
  for (int index = 0; index < THREADS; index++) {
    pthread_join(threads[index], NULL);
  }
  tasker_worker_free(worker);
  tasker_client_free(client);
  return 0;
}
