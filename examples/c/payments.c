/* Handlers that work in the database of the engine. */

#include "payments.h"

#include <inttypes.h>
#include <stdio.h>

bool execute(PGconn *connection, const char *sql) {
  PGresult *result = PQexec(connection, sql);
  bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return done;
}

bool create_tables(PGconn *connection) {
  return execute(connection, "create table if not exists orders (price bigint, count bigint)") &&
         execute(connection, "create table if not exists payments (task_id uuid, amount bigint)");
}

int price(tasker_step *step, void *unused) {
  (void)unused;
  int64_t price, count;
  const tasker_json *order = tasker_step_context(step, NULL);
  if (!tasker_json_get_int64(order, tasker_text("/price"), &price, NULL) ||
      !tasker_json_get_int64(order, tasker_text("/count"), &count, NULL)) {
    tasker_step_fail_permanent(step, tasker_text("an order has a price and a count"), tasker_text("no_price"), NULL, NULL);
    return 0;
  }
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/total"), price * count, NULL);
  tasker_step_succeed(step, results, NULL);
  tasker_json_free(results);
  return 0;
}

static bool insert_payment(PGconn *connection, const tasker_step *step, int64_t total) {
  char id[37], amount[24];
  snprintf(id, sizeof id, "%" TASKER_STR_FORMAT, TASKER_STR(tasker_step_task_id(step)));
  snprintf(amount, sizeof amount, "%" PRId64, total);
  const char *parameters[] = {id, amount};
  PGresult *result = PQexecParams(connection, "insert into payments values ($1::uuid, $2::bigint)", 2, NULL, parameters, NULL,
                                  NULL, 0);
  bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return done;
}

/* The payment and the step take effect together, and once: whatever becomes of this process. */
int pay(tasker_step *step, void *user_data) {
  PGconn *connection = user_data;
  /* Under test the transaction is the test's, and a savepoint takes its place here. */
  bool nested = PQtransactionStatus(connection) == PQTRANS_INTRANS;
  tasker_connection here = tasker_libpq(connection);
  tasker_error *error = NULL;
  int64_t total = 0;
  tasker_json_get_int64(tasker_step_results(step, tasker_text("price"), NULL), tasker_text("/total"), &total, NULL);
  tasker_json *results = tasker_json_new();
  tasker_json_set_int64(results, tasker_text("/paid"), total, NULL);
  bool done = execute(connection, nested ? "savepoint paying" : "begin") && insert_payment(connection, step, total) &&
              tasker_step_complete_in(step, &here, results, &error) &&
              execute(connection, nested ? "release savepoint paying" : "commit");
  if (!done) {
    tasker_str reason = error != NULL ? tasker_error_message(error) : tasker_text(PQerrorMessage(connection));
    tasker_step_fail_retryable(step, reason, -1, tasker_text(NULL), NULL, NULL);
    execute(connection, nested ? "rollback to savepoint paying" : "rollback");
  }
  tasker_error_free(error);
  tasker_json_free(results);
  return 0;
}
