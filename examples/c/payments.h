/* The handlers of payments.yaml, for the program that runs them and for their test. */

#ifndef PAYMENTS_H
#define PAYMENTS_H

#include <stdbool.h>

#include <tasker_libpq.h>

/* Adds up what an order costs. */
int price(tasker_step *step, void *unused);

/* Takes the money, which is a row here. `connection` is a PGconn. */
int pay(tasker_step *step, void *connection);

/* Executes a statement: whether it went well. */
bool execute(PGconn *connection, const char *sql);

/* The tables of the shop. */
bool create_tables(PGconn *connection);

#endif
