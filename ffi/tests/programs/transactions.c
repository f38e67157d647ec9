/* Tasks that are created on a connection of libpq, in a transaction of the program's. */

#define _POSIX_C_SOURCE 200809L

#include <sys/wait.h>
#include <unistd.h>

#include "database.h"

enum { INVALID = TASKER_ERROR_INVALID_ARGUMENT };

/* A client whose database knows `order`, which wants an order. */
static tasker_client *open_shop(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_client();
  MUST(tasker_client_register_yaml(client,
                                   tasker_text("name: order\nversion: 1.0.0\n"
                                               "schema:\n  type: object\n  required: [order]\n"
                                               "  properties: {gift: {type: boolean, default: false}}\n"
                                               "step_templates: [{name: pay, handler: pay}]\n"),
                                   NULL, &error));
  return client;
}

static tasker_task_request request_for(const tasker_json *context) {
  tasker_task_request request = {.size = sizeof request, .name = tasker_text("order"), .context = context};
  return request;
}

static bool is_there(tasker_client *client, tasker_task_id id) {
  tasker_error *error = NULL;
  bool found = tasker_client_task(client, tasker_text(id.text), NULL, &error);
  CHECK(found || tasker_error_code(error) == TASKER_ERROR_NOT_FOUND);
  tasker_error_free(error);
  return found;
}

static int tasks(PGconn *connection) { return number(connection, "select count(*) from tasker.tasks"); }

static void creating(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *context = json("{\"order\": 7}"), *more = json("{\"tags\": [\"100 % $1\"]}"), *task = NULL;
  tasker_task_request request = request_for(context);
  request.more = more;
  tasker_task_id id;
  bool created = false;
  sql(connection, "begin");
  MUST(tasker_client_create_task_in(client, &here, &request, &id, &created, &error));
  CHECK(created && !is_there(client, id));
  sql(connection, "rollback");
  CHECK(!is_there(client, id) && tasks(connection) == 0);
  sql(connection, "begin");
  MUST(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error));
  sql(connection, "commit");
  MUST(tasker_client_task(client, tasker_text(id.text), &task, &error));
  CHECK(says(task, "/context", "{\"order\": 7, \"gift\": false}") && says(task, "/tags", "[\"100 % $1\"]"));
  tasker_json_free(task);
  /* Taken back with a savepoint, and the same once more: the second is the first. */
  request.idempotency_key = tasker_text("order 7");
  sql(connection, "begin; savepoint before");
  MUST(tasker_client_create_task_in(client, &here, &request, &id, &created, &error));
  CHECK(created);
  sql(connection, "rollback to before");
  MUST(tasker_client_create_task_in(client, &here, &request, &id, &created, &error));
  CHECK(created);
  tasker_task_id again;
  MUST(tasker_client_create_task_in(client, &here, &request, &again, &created, &error));
  CHECK(!created && strcmp(id.text, again.text) == 0);
  sql(connection, "commit");
  CHECK(is_there(client, id) && tasks(connection) == 2);
  tasker_json_free(more);
  tasker_json_free(context);
  PQfinish(connection);
  tasker_client_free(client);
}

static void many(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *requests = json("[{\"name\": \"order\", \"context\": {\"order\": 1}}, {\"name\": \"order\", \"context\": {}}]");
  tasker_json *answer = NULL, *task = NULL;
  sql(connection, "begin");
  /* All or none, and the transaction goes on. */
  REFUSED_SAYING(tasker_client_create_tasks_in(client, &here, requests, &answer, &error), TASKER_ERROR_INVALID_CONTEXT, "order");
  CHECK(answer == NULL && tasks(connection) == 0);
  MUST(tasker_json_set_int64(requests, tasker_text("/1/context/order"), 2, &error));
  MUST(tasker_client_create_tasks_in(client, &here, requests, &answer, &error));
  sql(connection, "commit");
  for (int index = 0; index < 2; index++) {
    char pointer[32];
    tasker_str id;
    snprintf(pointer, sizeof pointer, "/%d/task_id", index);
    MUST(tasker_json_get_string(answer, tasker_text(pointer), &id, &error));
    MUST(tasker_client_task(client, id, &task, &error));
    CHECK(says(task, "/context/order", index == 0 ? "1" : "2"));
    tasker_json_free(task);
  }
  tasker_json_free(answer);
  tasker_json_free(requests);
  PQfinish(connection);
  tasker_client_free(client);
}

/* Whatever is refused before PostgreSQL was asked leaves the transaction as it was; nothing is created by halves. */
static void refusing(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *context = json("{}"), *good = json("{\"order\": 7}");
  tasker_task_request request = request_for(context);
  tasker_task_id id;
  sql(connection, "create table rows (n int); begin; insert into rows values (1)");
  REFUSED_SAYING(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), TASKER_ERROR_INVALID_CONTEXT, "order");
  tasker_str nul = {"or\0der", 6};
  request.name = nul;
  REFUSED_SAYING(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), INVALID, "U+0000");
  request = request_for(good);
  tasker_json_set_double(good, tasker_text("/price"), 1.0 / 0.0, NULL);
  REFUSED(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), INVALID);
  CHECK(PQtransactionStatus(connection) == PQTRANS_INTRANS);
  tasker_json_free(good);
  good = json("{\"order\": 7}");
  request = request_for(good);
  MUST(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error));
  sql(connection, "commit");
  CHECK(is_there(client, id) && number(connection, "select count(*) from rows") == 1);
  /* What PostgreSQL refuses costs the transaction. */
  sql(connection, "begin; insert into rows values (2)");
  request.name = tasker_text("nobody");
  REFUSED_SAYING(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), TASKER_ERROR_UNKNOWN_NAMED_TASK,
                 "nobody");
  sql(connection, "rollback");
  CHECK(tasks(connection) == 1 && number(connection, "select count(*) from rows") == 1);
  tasker_json_free(good);
  tasker_json_free(context);
  PQfinish(connection);
  tasker_client_free(client);
}

/* A connection that is not in a transaction that goes on: each is told apart, and nothing is lost or made. */
static void states(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *connection = connect_here(), *other = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *context = json("{\"order\": 7}");
  tasker_task_request request = request_for(context);
  tasker_task_id id;
#define CREATED tasker_client_create_task_in(client, &here, &request, &id, NULL, &error)
  REFUSED_SAYING(CREATED, INVALID, "not in a transaction");
  CHECK(PQtransactionStatus(connection) == PQTRANS_IDLE);
  sql(connection, "begin");
  PQclear(PQexec(connection, "select * from nothing"));
  REFUSED_SAYING(CREATED, INVALID, "has failed");
  sql(connection, "rollback; begin");
  CHECK(PQsendQuery(connection, "select 1") == 1);
  REFUSED_SAYING(CREATED, INVALID, "executing");
  PGresult *result;
  while ((result = PQgetResult(connection)) != NULL) {
    PQclear(result);
  }
  CHECK(PQenterPipelineMode(connection) == 1);
  REFUSED_SAYING(CREATED, INVALID, "pipeline");
  CHECK(PQexitPipelineMode(connection) == 1);
  CHECK(PQsetClientEncoding(connection, "LATIN1") == 0);
  REFUSED_SAYING(CREATED, INVALID, "PQsetClientEncoding");
  CHECK(PQsetClientEncoding(connection, "UTF8") == 0);
  MUST(CREATED);
  sql(connection, "rollback");
  /* The server ends it in the middle: that is told by the statement, and then by the connection. */
  char end[64];
  sql(connection, "begin");
  snprintf(end, sizeof end, "select pg_terminate_backend(%d, 10000)::int", PQbackendPID(connection));
  CHECK(number(other, end) == 1);
  for (int time = 0; time < 2; time++) {
    error = NULL;
    CHECK(!CREATED && tasker_error_code(error) == TASKER_ERROR_DATABASE_UNAVAILABLE && tasker_error_retryable(error));
    tasker_error_free(error);
  }
  CHECK(tasks(other) == 0);
#undef CREATED
  tasker_json_free(context);
  PQfinish(other);
  PQfinish(connection);
  tasker_client_free(client);
}

/* The URL of another database: that of the test's with another name in it. */
static void url_of(const char *database, const char *name, char *url, size_t size) {
  const char *here = getenv("TASKER_DATABASE_URL"), *found = strstr(here, database);
  CHECK(found != NULL);
  snprintf(url, size, "%.*s%s%s", (int)(found - here), here, name, found + strlen(database));
}

static void refused_elsewhere(tasker_client *client, PGconn *connection, const char *reason) {
  tasker_connection here = tasker_libpq(connection);
  tasker_json *context = json("{\"order\": 7}");
  tasker_task_request request = request_for(context);
  tasker_task_id id;
  sql(connection, "begin");
  REFUSED_SAYING(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), TASKER_ERROR_CONFIG_INVALID, reason);
  sql(connection, "rollback");
  tasker_json_free(context);
}

/* A database without Tasker, and one with a Tasker of its own: the engine's workers would never see a task there. */
static void elsewhere(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *without = connect_elsewhere(), *here = connect_here();
  refused_elsewhere(client, without, "own database");
  char name[80], create[120], drop[120], url[600];
  snprintf(name, sizeof name, "%.60s_other", PQdb(here));
  snprintf(create, sizeof create, "create database %s", name);
  snprintf(drop, sizeof drop, "drop database %s", name);
  sql(without, create);
  url_of(PQdb(here), name, url, sizeof url);
  tasker_client_options options = {.size = sizeof options, .database_url = tasker_text(url)};
  tasker_client *other = tasker_client_new(&options, &error);
  MUST(other != NULL && tasker_client_migrate(other, &error));
  tasker_client_free(other);
  PGconn *there = connected(url);
  refused_elsewhere(client, there, "another database");
  CHECK(tasks(there) == 0 && tasks(here) == 0);
  PQfinish(there);
  sql(without, drop);
  PQfinish(here);
  PQfinish(without);
  tasker_client_free(client);
}

/* A client that was closed creates nothing, nor does one of the parent in a child. */
static void closing(void) {
  tasker_error *error = NULL;
  tasker_client *client = open_shop();
  PGconn *connection = connect_here();
  tasker_connection here = tasker_libpq(connection);
  tasker_json *context = json("{\"order\": 7}");
  tasker_task_request request = request_for(context);
  tasker_task_id id;
  sql(connection, "begin");
  pid_t child = fork();
  if (child == 0) {
    REFUSED(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), TASKER_ERROR_FORKED_PROCESS);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  MUST(tasker_client_close(client, &error));
  REFUSED_SAYING(tasker_client_create_task_in(client, &here, &request, &id, NULL, &error), TASKER_ERROR_SHUTTING_DOWN, "closed");
  sql(connection, "commit");
  CHECK(tasks(connection) == 0);
  tasker_json_free(context);
  PQfinish(connection);
  tasker_client_free(client);
}

static const struct test_case cases[] = {{"creating", creating}, {"many", many},           {"refusing", refusing},
                                         {"states", states},     {"elsewhere", elsewhere}, {"closing", closing}};
CASES(cases)
