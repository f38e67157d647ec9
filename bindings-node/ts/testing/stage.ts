/** Where workflows under test run: it carries out commands, and runs handlers and checks that they ask for. */

import { answered, at } from '../answers.js';
import type { Action } from '../conversation.js';
import { Conversation, written } from '../conversation.js';
import type { Registry } from '../handlers.js';
import { native } from '../native.js';
import { completed, failed, said } from '../outcomes.js';
import type { Host, Invocation } from '../step.js';
import { Step } from '../step.js';
import type { CrashPoint, ToldReport } from './reports.js';
import { TestReport } from './reports.js';

/** One run of the workflow, for the test's own assertions. */
export interface Variant {
  /** Where the process died; `null` for the undisturbed run. */
  readonly crash: CrashPoint | null;
  /** What became of the task. */
  readonly report: TestReport;
}

/** Assertions of the test about a variant: what it throws, or its promise is rejected with, is a problem of it. */
export type Check = (variant: Variant) => unknown;

/** Carries out the commands of a test on the event loop that gives them. */
export class Stage {
  /** What the check of the command on its way is, if it has one. */
  check: Check | undefined;
  readonly #registry: Registry;
  readonly #conversation: Conversation;
  readonly #host: Host;
  #opened: Promise<string> | undefined;

  constructor(connection: unknown, registry: Registry, options: object) {
    const text = written('the options of a test', options);
    const session = at(() => native.Session.forTests(text));
    // Opens nothing: it knows how steps are completed in this schema, with these settings.
    const engine = at(
      () => new native.Engine(written('the options of a test', { ...options, isolated: true }), answered),
    );
    this.#registry = registry;
    this.#conversation = new Conversation(session, connection, {
      invoke: (action) => this.#invoke(action),
      check: (action) => this.#judge(action),
    });
    this.#host = {
      fetchContext: () => Promise.reject(new Error('under test every context comes along')),
      fetchResults: (taskId) => this.#conversation.results(taskId),
      session: () => at(() => engine.session()),
    };
  }

  /** Begins, unless it has: the time of the test. */
  open(): Promise<string> {
    this.#opened ??= this.#conversation.carryOut('open').then((answer) => (answer as { now: string }).now);
    return this.#opened;
  }

  /** A command of a test that was opened, to its answer. */
  async carryOut<Answer>(command: string, given: object): Promise<Answer> {
    return (await this.#conversation.carryOut(command, given)) as Answer;
  }

  async #invoke(action: Action): Promise<string> {
    const invocation = action.invocation as Invocation;
    const step = new Step(invocation, this.#host);
    return `{"outcome":${await this.#play(step, invocation.handler)}}`;
  }

  async #play(step: Step, handler: string): Promise<string> {
    try {
      const run = this.#registry._run(handler);
      if (run === undefined) throw new Error(`this test has no handler '${handler}'`);
      return completed(step, await run(step));
    } catch (error) {
      return failed(step, error);
    }
  }

  async #judge(action: Action): Promise<string> {
    const { crash, report } = action.variant as { crash: CrashPoint | null; report: ToldReport };
    try {
      await this.check?.({ crash, report: new TestReport(report) });
    } catch (objection) {
      return written('what a check says', { checked: said(objection) });
    }
    return '{"checked":null}';
  }
}
