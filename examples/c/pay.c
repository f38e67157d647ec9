/* Takes an order and creates its task in one transaction, and works on it: the database is that of TASKER_DATABASE_URL. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "payments.h"

static int give_up(const char *what, tasker_error *error) {
  fprintf(stderr, "%s: %s\n", what, error == NULL ? "see the log of PostgreSQL" : tasker_error_message(error).data);
  tasker_error_free(error);
  return 1;
}

/* The order and its task: both of them, or neither. */
static bool take_order(tasker_client *client, PGconn *connection, tasker_task_id *id, tasker_error **error) {
  tasker_json *order = tasker_json_new();
  tasker_json_set_int64(order, tasker_text("/price"), 21, NULL);
  tasker_json_set_int64(order, tasker_text("/count"), 2, NULL);
  tasker_task_request request = {
      .size = sizeof request, .name = tasker_text("payment"), .namespace_name = tasker_text("shop"), .context = order};
  tasker_connection here = tasker_libpq(connection);
  bool taken = execute(connection, "begin") && execute(connection, "insert into orders values (21, 2)") &&
               tasker_client_create_task_in(client, &here, &request, id, NULL, error) && execute(connection, "commit");
  if (!taken) {
    execute(connection, "rollback");
  }
  tasker_json_free(order);
  return taken;
}

static void *run(void *worker) {
  tasker_error *error = NULL;
  if (!tasker_worker_run(worker, &error)) {
    give_up("the worker", error);
  }
  return NULL;
}

int main(void) {
  const char *url = getenv("TASKER_DATABASE_URL");
  if (url == NULL) {
    return give_up("TASKER_DATABASE_URL is not set, and this program and the engine share a database", NULL);
  }
  /* One for the orders, and one for the one thread that runs handlers. */
  PGconn *orders = PQconnectdb(url), *paying = PQconnectdb(url);
  if (!create_tables(orders)) {
    return give_up(PQerrorMessage(orders), NULL);
  }
  tasker_error *error = NULL;
  tasker_client *client = tasker_client_new(NULL, &error);
  if (client == NULL || !tasker_client_migrate(client, &error) ||
      !tasker_client_register_file(client, tasker_text("payments.yaml"), NULL, &error)) {
    return give_up("the engine", error);
  }
  tasker_task_id id;
  if (!take_order(client, orders, &id, &error)) {
    return give_up("the order", error);
  }

  const tasker_handler handlers[] = {{"shop.payment.price", price, NULL}, {"shop.payment.pay", pay, paying}};
  tasker_worker_options options = {.size = sizeof options, .handlers = handlers, .handler_count = 2};
  tasker_worker *worker = tasker_worker_new(client, &options, &error);
  if (worker == NULL) {
    return give_up("the worker", error);
  }
  pthread_t thread;
  pthread_create(&thread, NULL, run, worker);
  tasker_json *task = NULL, *step = NULL;
  tasker_str status;
  int64_t paid;
  if (!tasker_client_wait(client, tasker_text(id.text), 60000, &task, &error) ||
      !tasker_json_get_string(task, tasker_text("/status"), &status, &error) ||
      !tasker_client_step(client, tasker_text(id.text), tasker_text("pay"), &step, &error) ||
      !tasker_json_get_int64(step, tasker_text("/results/paid"), &paid, &error)) {
    return give_up("the task", error);
  }
  printf("%" TASKER_STR_FORMAT ", paid %d\n", TASKER_STR(status), (int)paid);

  tasker_worker_request_stop(worker);
  pthread_join(thread, NULL);
  tasker_json_free(step);
  tasker_json_free(task);
  tasker_worker_free(worker);
  tasker_client_free(client);
  PQfinish(paying);
  PQfinish(orders);
  return 0;
}
