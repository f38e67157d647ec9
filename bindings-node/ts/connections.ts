/**
 * Connections of the host: one statement at a time, in whatever library it has.
 *
 * Nothing of a library is imported: who has a connection has its library, and it is known by its shape.
 */

import { invalidArgument } from './errors.js';

/** A connection of `pg`: a `Client`, or what a pool's `connect()` gives. */
export interface PgConnection {
  readonly query: (...args: never[]) => unknown;
  readonly connect: (...args: never[]) => unknown;
}

/** A transaction of Knex: what `knex.transaction()` gives. */
export interface KnexTransaction {
  readonly raw: (...args: never[]) => unknown;
  readonly savepoint: (...args: never[]) => unknown;
}

/** A transaction of Drizzle on PostgreSQL: what `db.transaction()` gives. */
export interface DrizzleTransaction {
  readonly execute: (query: never) => unknown;
  readonly rollback: () => never;
}

/** An interactive transaction of Prisma: what `prisma.$transaction(async (tx) => …)` gives. */
export interface PrismaTransaction {
  readonly $queryRawUnsafe: (query: string, ...values: never[]) => unknown;
}

/** A connection of the host's own, in a transaction. */
export type Connection = PgConnection | KnexTransaction | DrizzleTransaction | PrismaTransaction;

/** A statement with `$1`, `$2`, …: each parameter is a text, and is cast in the statement; each row is one text. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
}

/** Executes a statement: the texts of its rows. */
export type Execute = (statement: Statement) => Promise<string[]>;

/** What PostgreSQL says against a statement. */
export interface Refusal {
  readonly sqlstate: string;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * How a statement is executed on a connection.
 *
 * @throws {@link InvalidArgumentError} This is no connection of a library that is known here, or it is in no transaction.
 */
export function executeOn(connection: unknown): Execute {
  if (!isObject(connection)) throw unknown(connection);
  // First those that have a connection of pg inside.
  if (has(connection, '$queryRawUnsafe')) return onPrisma(connection);
  if (drizzleKind(connection) !== undefined) return onDrizzle(connection);
  if (has(connection, 'raw') && has(connection, 'savepoint')) return onKnex(connection);
  if (has(connection, 'query') && has(connection, 'connect')) return onPg(connection);
  if (has(connection, 'raw') && has(connection, 'transaction')) throw noTransaction('this is Knex itself');
  throw unknown(connection);
}

/** What PostgreSQL said, where it is behind an error; none where something else went wrong. */
export function refusal(error: unknown): Refusal | undefined {
  const seen = new Set<unknown>();
  const open = [error];
  while (open.length > 0) {
    const cause = open.shift();
    if (!isObject(cause) || seen.has(cause)) continue;
    seen.add(cause);
    const said = saidBy(cause);
    if (said !== undefined) return said;
    // Drizzle and Prisma's adapter keep what was thrown as the cause, others as originalError, Prisma's client in `meta`.
    open.push(cause.cause, cause.originalError);
    if (isObject(cause.meta)) open.push(cause.meta.driverAdapterError);
  }
  return undefined;
}

type Members = object & { readonly [name: string]: unknown };

function saidBy(error: Members): Refusal | undefined {
  const { code, message, hint, severity, originalCode, originalMessage, meta } = error;
  // Errors of Node have codes, too, and some look like an SQLSTATE (EPIPE); only what PostgreSQL says has a severity.
  if (typeof severity === 'string' && typeof code === 'string') return told(code, message, hint);
  // As the adapter of Prisma tells it …
  if (typeof originalCode === 'string') return told(originalCode, originalMessage, hint);
  // … and as the engine of Prisma before version 7 does.
  if (code === 'P2010' && isObject(meta) && typeof meta.code === 'string') return told(meta.code, meta.message, null);
  return undefined;
}

function told(sqlstate: string, message: unknown, hint: unknown): Refusal {
  return { sqlstate, message: String(message), hint: typeof hint === 'string' ? hint : null };
}

/** Texts as they come, whatever parsers the program has set. */
const AS_TEXT = { getTypeParser: () => String };

function onPg(connection: Members): Execute {
  // A pool gives each statement another connection.
  if ('totalCount' in connection) throw noTransaction('this is a pool of pg');
  const { query } = connection as { query(config: object): Promise<{ rows: [string][] }> };
  return async ({ sql: text, parameters: values }) => {
    const { rows } = await query.call(connection, { text, values, rowMode: 'array', types: AS_TEXT });
    return rows.map(([text]) => text);
  };
}

function onKnex(connection: Members): Execute {
  if (!isObject(connection.client) || connection.client.dialect !== 'postgresql') {
    throw invalidArgument('this is no PostgreSQL of Knex: give a transaction that leads to the database of Tasker');
  }
  const { raw } = connection as { raw(sql: string, bindings: unknown[]): Raw };
  interface Raw extends PromiseLike<{ rows: [string][] }> {
    options(options: object): Raw;
  }
  return async ({ sql, parameters }) => {
    // Its placeholders have no numbers, and a question mark of the statement's own is escaped.
    const bindings: unknown[] = [];
    const text = sql.replace(/\?|\$(\d+)/g, (found, number?: string) => {
      if (number === undefined) return `\\${found}`;
      bindings.push(parameters[Number(number) - 1] ?? null);
      return '?';
    });
    const { rows } = await raw.call(connection, text, bindings).options({ rowMode: 'array', types: AS_TEXT });
    return rows.map(([text]) => text);
  };
}

function onDrizzle(connection: Members): Execute {
  if (drizzleKind(connection.dialect) !== 'PgDialect') {
    throw invalidArgument('this is no PostgreSQL of Drizzle: give a transaction that leads to the database of Tasker');
  }
  if (!has(connection, 'rollback')) throw noTransaction('this is the database object of Drizzle');
  const { execute } = connection as { execute(query: object): Promise<{ rows: object[] } | object[]> };
  return async ({ sql, parameters: params }) => {
    // What its `sql` makes, without its import: a query that is written already.
    const query = { getSQL: () => ({ toQuery: () => ({ sql, params }) }) };
    const result = await execute.call(connection, query);
    return texts(Array.isArray(result) ? result : result.rows);
  };
}

/** What Drizzle says that something of it is. */
function drizzleKind(value: unknown): unknown {
  const made = isObject(value) ? value.constructor : undefined;
  return isObject(made) ? Reflect.get(made, Symbol.for('drizzle:entityKind')) : undefined;
}

function onPrisma(connection: Members): Execute {
  if (has(connection, '$connect')) throw noTransaction('this is the client of Prisma');
  const { $queryRawUnsafe } = connection as {
    $queryRawUnsafe(sql: string, ...parameters: unknown[]): PromiseLike<object[]>;
  };
  return async ({ sql, parameters }) => texts(await $queryRawUnsafe.call(connection, sql, ...parameters));
}

/** Of rows as objects, whose one column is the text. */
function texts(rows: readonly object[]): string[] {
  return rows.map((row) => Object.values(row)[0] as string);
}

function isObject(value: unknown): value is Members {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function has(value: Members, method: string): boolean {
  return typeof value[method] === 'function';
}

function noTransaction(found: string): Error {
  return invalidArgument(
    `${found}: give the connection that the transaction is on, so that what is done in it is committed or rolled back with it`,
  );
}

function unknown(connection: unknown): Error {
  const made = isObject(connection) && isObject(connection.constructor) ? connection.constructor.name : undefined;
  const found = typeof made === 'string' && made !== '' ? made : String(typeof connection);
  return invalidArgument(
    `${found} is no connection that Tasker knows: give a Client or PoolClient of pg, or a transaction of Knex, of Drizzle ` +
      'on PostgreSQL or of Prisma',
  );
}
