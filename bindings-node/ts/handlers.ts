/** Handlers by name. */

import { invalidArgument } from './errors.js';
import type { Output, StandardSchema } from './schema.js';
import { checked } from './schema.js';
import type { Sequence, Step, TaskOfStep } from './step.js';
import type { JsonObject } from './values.js';

/** A function of a step; what it returns, or its promise resolves to, are the results. */
export type HandlerFunction<Context = JsonObject, Results = unknown> = (
  step: Step<Context>,
) => Results | PromiseLike<Results>;

/** A class as a handler: an instance is made for each attempt. */
export type HandlerClass<Context = JsonObject, Results = unknown> = new () => {
  process(task: TaskOfStep<Context>, sequence: Sequence, step: Step<Context>): Results | PromiseLike<Results>;
};

/** What a handler takes and gives, as schemas. */
export interface HandlerOptions {
  /** Of the task's context: `step.context` is what it gives. What it refuses fails for good, as `invalid_context`. */
  readonly context?: StandardSchema | undefined;
  /** Of what the handler returns: stored is what it gives. What it refuses fails for good, as `invalid_results`. */
  readonly results?: StandardSchema | undefined;
}

/** The context that a handler with these options sees. */
export type ContextOf<Options extends HandlerOptions> = Options extends {
  readonly context: infer S extends StandardSchema;
}
  ? Output<S>
  : JsonObject;

/** What a handler with these options may return. */
export type ResultsOf<Options extends HandlerOptions> = Options extends {
  readonly results: infer S extends StandardSchema;
}
  ? NonNullable<S['~standard']['types']>['input']
  : unknown;

type Run = (step: Step) => unknown;

/** Handlers by name. A worker runs those of one registry, and claims nothing else. */
export class Registry {
  readonly #handlers = new Map<string, Run>();

  /**
   * Registers a function, or a class with `process(task, sequence, step)`, under a name.
   *
   * @param name - The name that templates use.
   * @returns What was registered.
   * @throws {@link InvalidArgumentError} The name is empty or taken, or this is neither a function nor such a class.
   */
  handler<Context = JsonObject, Results = unknown>(
    name: string,
    handler: HandlerFunction<Context, Results>,
  ): HandlerFunction<Context, Results>;
  handler<Class extends HandlerClass<never>>(name: string, handler: Class): Class;
  handler<const Options extends HandlerOptions>(
    name: string,
    options: Options,
    handler:
      | HandlerFunction<ContextOf<Options>, ResultsOf<Options>>
      | HandlerClass<ContextOf<Options>, ResultsOf<Options>>,
  ): typeof handler;
  handler(name: string, ...given: readonly unknown[]): unknown {
    const [options, handler] = given.length > 1 ? [given[0] as HandlerOptions, given[1]] : [{}, given[0]];
    if (typeof name !== 'string' || name === '') {
      throw invalidArgument('a handler needs a name: the one that templates use');
    }
    if (this.#handlers.has(name))
      throw invalidArgument(`the handler '${name}' is there already: a name is registered once`);
    this.#handlers.set(name, withSchemas(name, options, runner(name, handler)));
    return handler;
  }

  /** The names. */
  get names(): string[] {
    return [...this.#handlers.keys()];
  }

  /**
   * What runs a handler. Only what code registered is found: no name out of the database is ever imported.
   *
   * @internal
   */
  _run(name: string): Run | undefined {
    return this.#handlers.get(name);
  }
}

function runner(name: string, handler: unknown): Run {
  if (typeof handler !== 'function') {
    throw invalidArgument(`the handler '${name}' is neither a function nor a class: it is ${typeof handler}`);
  }
  const { prototype } = handler as { prototype?: { process?: unknown } };
  if (typeof prototype?.process === 'function') {
    const Handler = handler as HandlerClass;
    return (step) => new Handler().process(step.task, step, step);
  }
  if (/^class\b/.test(Function.prototype.toString.call(handler))) {
    throw invalidArgument(`the class ${handler.name} of the handler '${name}' has no process(task, sequence, step)`);
  }
  return handler as Run;
}

function withSchemas(name: string, { context, results }: HandlerOptions, run: Run): Run {
  if (context === undefined && results === undefined) return run;
  return async (step) => {
    if (context !== undefined) {
      const given = await checked(
        context,
        step.context,
        `the context does not suit the handler '${name}'`,
        'invalid_context',
      );
      step._setContext(given as JsonObject);
    }
    const returned = await run(step);
    if (results === undefined) return returned;
    return checked(results, returned, `what the handler '${name}' returned does not suit it`, 'invalid_results');
  };
}

/** The registry that {@link handler} fills, and that a worker runs unless told otherwise. */
export const registry = new Registry();

/** As {@link Registry.handler}, of {@link registry}. */
export const handler: Registry['handler'] = registry.handler.bind(registry) as Registry['handler'];
