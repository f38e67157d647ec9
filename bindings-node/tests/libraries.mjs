/** The libraries whose connections Tasker knows: each does some work in a transaction, and rolls back when that throws. */

import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import pg from 'pg';
import { prisma } from './prisma.mjs';

export async function withPg(connectionString, work) {
  const connection = new pg.Client({ connectionString });
  await connection.connect();
  try {
    await connection.query('begin');
    await work(connection);
    await connection.query('commit');
  } finally {
    await connection.end(); // what was not committed is rolled back
  }
}

export async function withPool(connectionString, work) {
  const pool = new pg.Pool({ connectionString });
  const connection = await pool.connect();
  try {
    await connection.query('begin');
    await work(connection);
    await connection.query('commit');
  } catch (error) {
    await connection.query('rollback');
    throw error;
  } finally {
    connection.release();
    await pool.end();
  }
}

export async function withKnex(connectionString, work) {
  const db = knex({ client: 'pg', connection: { connectionString } });
  try {
    await db.transaction(work);
  } finally {
    await db.destroy();
  }
}

export async function withDrizzle(connectionString, work) {
  const pool = new pg.Pool({ connectionString });
  try {
    await drizzle(pool).transaction(work);
  } finally {
    await pool.end();
  }
}

export async function withPrisma(connectionString, work) {
  const client = prisma(connectionString);
  try {
    await client.$transaction(work, { timeout: 60_000 });
  } finally {
    await client.$disconnect();
  }
}

export const LIBRARIES = {
  pg: withPg,
  'a pool of pg': withPool,
  Knex: withKnex,
  Drizzle: withDrizzle,
  Prisma: withPrisma,
};
