/* What the programs of the tests that have a connection of libpq share. */

#ifndef DATABASE_H
#define DATABASE_H

#include <tasker_libpq.h>

#include "support.h"

static inline PGconn *connected(const char *place) {
  PGconn *connection = PQconnectdb(place);
  if (PQstatus(connection) != CONNECTION_OK) {
    fail(__FILE__, __LINE__, PQerrorMessage(connection), NULL);
  }
  return connection;
}

/* A connection to the database of the test. */
static inline PGconn *connect_here(void) { return connected(getenv("TASKER_DATABASE_URL")); }

/* A connection to another database of the same server, which has no Tasker. */
static inline PGconn *connect_elsewhere(void) {
  char *problem = NULL;
  PQconninfoOption *options = PQconninfoParse(getenv("TASKER_DATABASE_URL"), &problem);
  const char *names[64], *values[64];
  size_t count = 0;
  CHECK(options != NULL);
  for (PQconninfoOption *option = options; option->keyword != NULL && count < 63; option++) {
    if (option->val != NULL) {
      names[count] = option->keyword;
      values[count++] = strcmp(option->keyword, "dbname") == 0 ? "postgres" : option->val;
    }
  }
  names[count] = values[count] = NULL;
  PGconn *connection = PQconnectdbParams(names, values, 0);
  PQconninfoFree(options);
  if (PQstatus(connection) != CONNECTION_OK) {
    fail(__FILE__, __LINE__, PQerrorMessage(connection), NULL);
  }
  return connection;
}

/* Executes SQL that must go well. */
static inline void sql(PGconn *connection, const char *text) {
  PGresult *result = PQexec(connection, text);
  ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    fail(__FILE__, __LINE__, PQerrorMessage(connection), NULL);
  }
  PQclear(result);
}

/* The whole number that a query gives. */
static inline int number(PGconn *connection, const char *text) {
  PGresult *result = PQexec(connection, text);
  if (PQresultStatus(result) != PGRES_TUPLES_OK) {
    fail(__FILE__, __LINE__, PQerrorMessage(connection), NULL);
  }
  int found = atoi(PQgetvalue(result, 0, 0));
  PQclear(result);
  return found;
}

/* Writes a payment for a task. */
static inline void insert_payment(PGconn *connection, const tasker_step *step) {
  char id[37];
  snprintf(id, sizeof id, "%" TASKER_STR_FORMAT, TASKER_STR(tasker_step_task_id(step)));
  const char *parameters[] = {id};
  PGresult *result = PQexecParams(connection, "insert into payments values ($1::uuid)", 1, NULL, parameters, NULL, NULL, 0);
  CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
  PQclear(result);
}

/* A message that has to say something. */
#define REFUSED_SAYING(truth, code, part)                                                       \
  do {                                                                                          \
    tasker_error *error = NULL;                                                                 \
    CHECK(!(truth));                                                                            \
    if (tasker_error_code(error) != (code) || !contains(tasker_error_message(error), (part))) { \
      fail(__FILE__, __LINE__, #truth, error);                                                  \
    }                                                                                           \
    tasker_error_free(error);                                                                   \
  } while (0)

#endif
