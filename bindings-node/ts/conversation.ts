/** Conversations with the engine about the host's own connection: it says what to do next, and is told what came of it. */

import { at } from './answers.js';
import type { Execute, Refusal, Statement } from './connections.js';
import { executeOn, refusal } from './connections.js';
import { invalidArgument, TaskerError } from './errors.js';
import type { NativeSession } from './native.js';
import { fromJson, NotSerializableError, toJson } from './values.js';

/** What the engine wants done. */
export type Action = { readonly action: string; readonly [member: string]: unknown };

/** Does what else may be asked for than statements; what came of it, as JSON. */
export type Others = { readonly [action: string]: (action: Action) => Promise<string> };

/**
 * Kinds for which the host's own error is thrown: by it a program knows that it may repeat the transaction, or that the
 * connection is gone.
 */
const THEIR_KINDS = new Set(['internal', 'database_unavailable', 'timeout']);

/** Carries out commands on a connection. */
export class Conversation {
  readonly #session: NativeSession;
  readonly #execute: Execute;
  readonly #others: Others;

  /**
   * @param session - Who says what to do.
   * @param connection - The host's.
   * @param others - What else may be asked for than statements, by the name of the action.
   * @throws {@link InvalidArgumentError} The connection is of no library that is known here.
   */
  constructor(session: NativeSession, connection: unknown, others: Others = {}) {
    this.#session = session;
    this.#execute = executeOn(connection);
    this.#others = others;
  }

  /**
   * A command, to its answer.
   *
   * @throws {@link TaskerError} What the engine, or PostgreSQL in the engine's words, says against it; and what the host's
   * library throws where that has nothing to do with the engine.
   */
  async carryOut(command: string, given: object = {}): Promise<unknown> {
    const text = written(command, { command, ...given });
    let refused: unknown;
    try {
      let action = fromJson(at(() => this.#session.begin(text))) as Action;
      while (action.action !== 'done') {
        refused = undefined;
        const other = this.#others[action.action];
        const told =
          other === undefined
            ? await this.#run(action.statement as Statement, (error) => {
                refused = error;
              })
            : await other(action);
        action = fromJson(at(() => this.#session.tell(told))) as Action;
      }
      return action.answer;
    } catch (error) {
      if (refused === undefined || !(error instanceof TaskerError)) throw error;
      if (THEIR_KINDS.has(error.kind)) throw refused;
      error.cause ??= refused;
      throw error;
    }
  }

  /** What the steps of a task returned, by name, as JSON. Commands on their way do not matter. */
  async results(taskId: string): Promise<string> {
    const statement = fromJson(at(() => this.#session.resultsStatement(taskId))) as Statement;
    const rows = JSON.stringify(await this.#execute(statement));
    return at(() => this.#session.readResults(rows));
  }

  /** Executes a statement; what came of it. What PostgreSQL refuses is told, and what else goes wrong is thrown. */
  async #run(statement: Statement, keep: (error: unknown) => void): Promise<string> {
    try {
      return JSON.stringify({ rows: await this.#execute(statement) });
    } catch (error) {
      const refused: Refusal | undefined = refusal(error);
      if (refused === undefined) throw error;
      keep(error);
      return JSON.stringify({ refused });
    }
  }
}

/** The JSON text of arguments. */
export function written(what: string, value: unknown): string {
  try {
    return toJson(value);
  } catch (error) {
    if (error instanceof NotSerializableError) throw invalidArgument(`${what}: ${error.message}`);
    throw error;
  }
}
