/*
 * Connections of libpq, lent to libtasker: tasks that are created and steps that are completed in your own transaction, and tests.
 *
 * All of it stands in this header: libtasker itself does not link libpq, and who does not use it does not need it. Compile and link with
 * both: `pkg-config --cflags --libs tasker libpq`.
 *
 *   tasker_connection here = tasker_libpq(connection);
 *   PQclear(PQexec(connection, "begin"));
 *   if (tasker_client_create_task_in(client, &here, &request, &id, NULL, &error)) {
 *     PQclear(PQexec(connection, "commit"));
 *   }
 */

#ifndef TASKER_LIBPQ_H
#define TASKER_LIBPQ_H

#include <libpq-fe.h>
#include <tasker.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How a connection stands. Used by `tasker_libpq`. */
static inline int tasker_libpq_state(void *handle) {
  PGconn *connection = (PGconn *)handle;
  const char *encoding = PQparameterStatus(connection, "client_encoding");
  switch (PQtransactionStatus(connection)) {
    case PQTRANS_INTRANS:
      break;
    case PQTRANS_IDLE:
      return TASKER_CONNECTION_IDLE;
    case PQTRANS_INERROR:
      return TASKER_CONNECTION_FAILED;
    case PQTRANS_ACTIVE:
      return TASKER_CONNECTION_BUSY;
    case PQTRANS_UNKNOWN:
    default:
      return TASKER_CONNECTION_BROKEN;
  }
#ifdef LIBPQ_HAS_PIPELINING
  if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF) {
    return TASKER_CONNECTION_BUSY;
  }
#endif
  if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
    return TASKER_CONNECTION_NOT_UTF8;
  }
  return TASKER_CONNECTION_IN_TRANSACTION;
}

/** Executes a statement on a connection. Used by `tasker_libpq`. */
static inline void tasker_libpq_execute(void *handle, const tasker_statement *statement, tasker_reply *reply) {
  PGconn *connection = (PGconn *)handle;
  PGresult *result = PQexecParams(connection, statement->sql, statement->parameter_count, NULL, statement->parameters, NULL,
                                  NULL, 0);
  ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK) {
    for (int row = 0; row < PQntuples(result); row++) {
      tasker_str text;
      text.data = PQgetvalue(result, row, 0);
      text.length = (size_t)PQgetlength(result, row, 0);
      tasker_reply_row(reply, text);
    }
  } else if (status != PGRES_COMMAND_OK) {
    /* There are no fields where the connection broke, or libpq has no memory. */
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    tasker_reply_refuse(reply, tasker_text(PQresultErrorField(result, PG_DIAG_SQLSTATE)),
                        tasker_text(message != NULL ? message : PQerrorMessage(connection)),
                        tasker_text(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)));
  }
  PQclear(result);
}

/**
 * Lends a connection of libpq. It stays yours, and has to stay open as long as the library uses it: during a call, and for a test until
 * that is freed. One thread at a time, as with everything in libpq.
 */
static inline tasker_connection tasker_libpq(PGconn *connection) {
  tasker_connection lent;
  memset(&lent, 0, sizeof lent);
  lent.size = sizeof lent;
  lent.handle = connection;
  lent.state = tasker_libpq_state;
  lent.execute = tasker_libpq_execute;
  return lent;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_LIBPQ_H */
