/**
 * Workflows under test: by the real SQL, with the real handlers, in a transaction of the test's own.
 *
 * There is no worker and no waiting, and after the rollback nothing is left. The clock is the test's, failures are injected,
 * and one call asks whether the workflow is right wherever its process dies. It needs no test runner, and works in each:
 *
 * ```js
 * test('a closed bank is tried again', async () => {
 *   await connection.query('begin');
 *   const shop = new WorkflowTest(connection, { registry });
 *   await shop.register('order.yaml');
 *   await shop.fault('charge').onAttempt(1).retryable('503');
 *   const report = await shop.run('order', { namespace: 'shop', context: { price: 21, count: 2 } });
 *   assert.equal(report.status, 'complete');
 *   await connection.query('rollback');
 * });
 * ```
 *
 * @packageDocumentation
 */

export type { FaultOptions, RetryableFaultOptions } from './fault.js';
export { Fault } from './fault.js';
export type { CrashPoint, Execution, VariantReport } from './reports.js';
export { CrashReport, TestReport } from './reports.js';
export type { Check, Variant } from './stage.js';
export type { CrashOptions, WorkflowTestOptions } from './workflow-test.js';
export { WorkflowTest } from './workflow-test.js';
