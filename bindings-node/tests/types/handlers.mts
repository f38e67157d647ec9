// Compiled, not run: what the types allow and refuse.

import {
  type Annotation,
  Client,
  type HandlerClass,
  handler,
  type Json,
  type JsonObject,
  type NotFoundError,
  type OperatorAction,
  PermanentError,
  Registry,
  RetryableError,
  type Sequence,
  type State,
  type Step,
  type StepRef,
  type TaskerError,
  type TaskOfStep,
  type TaskRecord,
  Worker,
  workflow,
} from 'tasker-engine';
import { z } from 'zod';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}

interface Order {
  price: number;
  count: number;
}

handler('untyped', (step) => {
  same<typeof step.context, JsonObject>(true);
  same<typeof step.signal, AbortSignal>(true);
  same<typeof step.deadline, Date | undefined>(true);
  // @ts-expect-error a member of JSON need be no number
  return step.context.price * 2;
});

handler<Order>('typed', async (step) => {
  const validated = await step.results<{ total: number }>('validate');
  return { total: validated.total + step.context.price * step.context.count };
});

handler('annotated', (step: Step<Order>) => step.context.price);

handler(
  'class',
  class {
    async process(task: TaskOfStep<Order>, sequence: Sequence, step: Step<Order>): Promise<number> {
      return task.context.price + (await sequence.results<number>('validate')) + step.attempt;
    }
  },
);

// @ts-expect-error a class without process is no handler
handler('no process', class {});
// @ts-expect-error a number is no handler
handler('number', 7);

handler(
  'schema',
  { context: z.object({ price: z.number().default(1) }), results: z.object({ charged: z.number() }) },
  (step) => {
    same<typeof step.context, { price: number }>(true);
    return { charged: step.context.price };
  },
);

handler('wrong results', { results: z.object({ charged: z.number() }) }, () => {
  // @ts-expect-error the schema wants a number
  const wrong: { charged: number } = { charged: 'no' };
  return wrong;
});
// @ts-expect-error the schema wants a number
handler('refused results', { results: z.object({ charged: z.number() }) }, () => ({ charged: 'no' }));

class Ship {
  process(): string {
    return 'shipped';
  }
}
const registry = new Registry();
const Same: typeof Ship = registry.handler('ship', Ship);
const asClass: HandlerClass = Same;

const order = workflow(
  { name: 'order', namespace: 'shop', version: '1.0.0', context: z.object({ price: z.number() }), registry },
  (w) => {
    const validate = w.step('validate', (step) => ({ total: step.context.price * 2 }));
    same<typeof validate, StepRef<{ total: number }>>(true);
    const charge = w.step(
      'charge',
      { dependsOn: validate, results: z.object({ charged: z.number() }) },
      async (step) => {
        const { total } = await step.results(validate);
        return { charged: total };
      },
    );
    const elsewhere = w.step('elsewhere', { handler: 'ruby.step', dependsOn: charge });
    same<typeof elsewhere, StepRef<Json>>(true);
    w.step('ship', { dependsOn: [charge, elsewhere] }, async (step) => (await step.results(charge)).charged);
    // @ts-expect-error a step is referred to by itself, not by its name
    w.step('late', { dependsOn: 'charge' }, () => 1);
  },
);

const client = new Client({
  databaseUrl: 'postgres://localhost/shop',
  settings: { backoff: { jitter_enabled: false } },
});
const input: Order = { price: 1, count: 2 };
const { taskId } = await client.createTask('order', { namespace: 'shop', context: input, requestedAt: new Date() });
const task: TaskRecord = await client.wait(taskId, { until: ['complete'], signal: AbortSignal.timeout(5) });
const state: State = task.status;
await client.registerTemplate(order);
await client.registerTemplate({
  name: 'order',
  version: '1.0.0',
  step_templates: [{ name: 'a', depends_on_steps: [] }],
});
await client.pause({ namespace: 'shop' }, { by: 'anna' });
// @ts-expect-error not both
await client.pause({ namespace: 'shop', handler: 'pay' });
// @ts-expect-error no such state
await client.listTasks({ status: ['done'] });
// @ts-expect-error no such key
await client.createTask('order', { contxt: {} });
const noted: Annotation[] = await client.listAnnotations(taskId);
same<(typeof noted)[number]['annotation'], Json>(true);
await client.annotateTask(taskId, 'parcel', input);
const actions: OperatorAction[] = await client.operatorActions(taskId);
same<(typeof actions)[number]['metadata'], JsonObject>(true);
// @ts-expect-error an annotation says something
await client.annotateTask(taskId, 'parcel', null);
const missing: TaskerError = (await client.task('x').catch((error: unknown) => error)) as NotFoundError;
const code: string = missing.code;

{
  await using closing = new Client();
  await using worker = await new Worker(closing, { registry, logger: console }).start();
  worker.unref().ref();
  await worker.run({ signal: AbortSignal.timeout(1) });
}

export const kept = [
  state,
  code,
  asClass,
  new RetryableError('x', { retryAfter: 1 }),
  new PermanentError('x', { cause: 1 }),
];
