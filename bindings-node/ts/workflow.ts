/** Workflows in code: steps as functions, dependencies by reference. What comes out is the template that YAML would make. */

import { invalidArgument } from './errors.js';
import type { ContextOf, HandlerFunction, HandlerOptions, Registry, ResultsOf } from './handlers.js';
import { registry as defaultRegistry } from './handlers.js';
import { args } from './names.js';
import type { TemplateObject } from './requests.js';
import type { Output, StandardSchema } from './schema.js';
import type { StepRef } from './step.js';
import type { Json, JsonObject } from './values.js';

const DEFAULT_NAMESPACE = 'default';

/** What a workflow is called, and what holds for all of it. */
export interface WorkflowOptions {
  readonly name: string;
  /** `default` when left out. */
  readonly namespace?: string | undefined;
  /** MAJOR.MINOR.PATCH; `0.1.0` when left out. */
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  /** JSON Schema of the task's context, checked when a task is created, in whatever language. */
  readonly schema?: object | boolean | undefined;
  /** Of the context as the steps see it; checked before each of them. */
  readonly context?: StandardSchema | undefined;
  /** What is different in which environment, with the keys of YAML. */
  readonly environments?: object | undefined;
  /** `dependentSystem` of the steps that have none. */
  readonly defaultDependentSystem?: string | undefined;
  /** Where the handlers are registered; where `handler` registers them when left out. */
  readonly registry?: Registry | undefined;
}

/** How long to wait between attempts. */
export interface RetryPolicy {
  readonly strategy: 'exponential' | 'linear' | 'constant' | 'schedule';
  /** The first wait; 1 when left out. */
  readonly baseSeconds?: number | undefined;
  /** With `exponential`: the factor from attempt to attempt; 2 when left out. */
  readonly multiplier?: number | undefined;
  /** No wait is longer. */
  readonly maxSeconds?: number | undefined;
  /** By which fraction a wait may be shorter or longer. */
  readonly jitter?: number | undefined;
  /** With `schedule`: the waits, in seconds; the last one repeats. */
  readonly schedule?: readonly number[] | undefined;
}

/** What holds for a step; the keys are those of YAML. */
export interface StepOptions extends Pick<HandlerOptions, 'results'> {
  /** The step, or the steps, that must be complete before this one starts: what `step` returned for them. */
  readonly dependsOn?: StepRef<unknown> | readonly StepRef<unknown>[] | undefined;
  /** The name of the handler; `namespace.task.step` when left out. */
  readonly handler?: string | undefined;
  readonly description?: string | undefined;
  /** What the handler finds as its config; `${…}` in it is filled by the worker. */
  readonly handlerConfig?: object | undefined;
  /** Whether a failed step is tried again; true when left out. */
  readonly defaultRetryable?: boolean | undefined;
  /** How many executions there may be in total; 3 when left out. */
  readonly defaultRetryLimit?: number | undefined;
  /** How long to wait between attempts; the engine's backoff when left out. */
  readonly retry?: RetryPolicy | undefined;
  /** How long one attempt may take. */
  readonly timeoutSeconds?: number | undefined;
  /** 0 (first) to 9 (last); 4 when left out. */
  readonly priority?: number | undefined;
  /** Whether a request may leave the step out. */
  readonly skippable?: boolean | undefined;
  /** The system that the step talks to. */
  readonly dependentSystem?: string | undefined;
}

/** Takes the steps of a workflow, in the order in which they are numbered. */
export interface WorkflowBuilder<Context = JsonObject> {
  /**
   * A step that this function runs.
   *
   * @returns What other steps depend on and read results from.
   * @throws {@link InvalidArgumentError} The name of its handler is taken.
   */
  step<Results>(name: string, handler: HandlerFunction<Context, Results>): StepRef<Results>;
  /** A step that this function runs, with what holds for it. */
  step<const Options extends StepOptions, Results extends ResultsOf<Options>>(
    name: string,
    options: Options,
    handler: HandlerFunction<Context, Results>,
  ): StepRef<Options extends { readonly results: infer S extends StandardSchema } ? Output<S> : Results>;
  /** A step that another program runs, in whatever language. */
  step(name: string, options: StepOptions & { readonly handler: string }): StepRef;
}

/** A workflow in code. Its handlers are registered; its template still has to be: `client.registerTemplate(it)`. */
export class Workflow {
  readonly name: string;
  readonly namespace: string;
  readonly version: string | undefined;
  /** The same object that YAML would be read into. */
  readonly template: TemplateObject;

  /** @internal */
  constructor(options: WorkflowOptions, steps: TemplateObject['step_templates']) {
    const { name, namespace, registry: _registry, context: _context, ...others } = options;
    this.name = name;
    this.namespace = namespace ?? DEFAULT_NAMESPACE;
    this.version = options.version;
    this.template = present({
      name,
      namespace_name: namespace,
      ...args(others),
      step_templates: steps,
    }) as TemplateObject;
  }
}

/**
 * Makes a workflow:
 *
 * ```js
 * const order = workflow({ name: 'order', namespace: 'shop', version: '1.0.0' }, (w) => {
 *   const validate = w.step('validate', (step) => ({ total: step.context.price * step.context.count }));
 *   w.step('charge', { dependsOn: validate, defaultRetryLimit: 5 }, async (step) => {
 *     const { total } = await step.results(validate);
 *     return { charged: total };
 *   });
 * });
 * ```
 *
 * @param options - What it is called, and what holds for all of it.
 * @param build - Names the steps.
 * @throws {@link InvalidArgumentError} The name of a handler is taken, or a dependency is of another workflow.
 */
export function workflow<const Options extends WorkflowOptions>(
  options: Options,
  build: (builder: WorkflowBuilder<ContextOf<Options>>) => void,
): Workflow {
  const builder = new Builder(options);
  build(builder as WorkflowBuilder<ContextOf<Options>>);
  return new Workflow(options, builder.steps);
}

class Builder {
  readonly steps: { readonly name: string; readonly [key: string]: unknown }[] = [];
  readonly #options: WorkflowOptions;
  readonly #refs = new Set<StepRef<unknown>>();

  constructor(options: WorkflowOptions) {
    this.#options = options;
  }

  step(name: string, ...given: readonly unknown[]): StepRef<Json> {
    const [options, run] =
      typeof given[0] === 'function' ? [{}, given[0]] : [(given[0] ?? {}) as StepOptions, given[1]];
    const { dependsOn, handler, retry, results, ...others } = options as StepOptions;
    if (run === undefined && handler === undefined) {
      throw invalidArgument(`the step '${name}' has neither a function nor the name of a handler`);
    }
    const { namespace = DEFAULT_NAMESPACE, name: task, registry = defaultRegistry, context } = this.#options;
    const handledBy = handler ?? `${namespace}.${task}.${name}`;
    if (run !== undefined) {
      registry.handler(handledBy, { context, results }, run as HandlerFunction);
    }
    this.steps.push({
      name,
      ...present({
        handler: handledBy,
        ...this.#parents(name, dependsOn),
        ...args(others),
        retry: retry === undefined ? undefined : present(args(retry)),
      }),
    });
    const ref = Object.freeze({ name });
    this.#refs.add(ref);
    return ref;
  }

  #parents(name: string, dependsOn: StepOptions['dependsOn'] = []): object {
    const names = ([dependsOn].flat() as StepRef<unknown>[]).map((ref) => {
      if (this.#refs.has(ref)) return ref.name;
      throw invalidArgument(
        `the step '${name}' depends on '${String(ref?.name ?? ref)}', which is no step of this workflow: give what ` +
          'step() returned',
      );
    });
    if (names.length === 0) return {};
    return names.length === 1 ? { depends_on_step: names[0] } : { depends_on_steps: names };
  }
}

/** Without what was left out. */
function present(members: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
