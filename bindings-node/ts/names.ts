/** Names: `taskId` here is `task_id` in the engine and in every stored document. */

import type { Json } from './values.js';

const camel = new Map<string, string>();

function camelCase(name: string): string {
  let known = camel.get(name);
  if (known === undefined) {
    known = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    camel.set(name, known);
  }
  return known;
}

/** Members of answers that are the engine's own all the way down. In others, as in `context`, the names are the user's. */
const OURS = new Set([
  'bottlenecks',
  'checks',
  'critical_paths',
  'dependency_graph',
  'detail',
  'edges',
  'error_chains',
  'failure',
  'hanging',
  'levels',
  'most_critical_error',
  'oldest_running',
  'operator',
  'outcomes',
  'parallelism_opportunities',
  'paths',
  'pause',
  'paused_tasks',
  'pauses',
  'recovery_priority',
  'recovery_strategies',
  'retry_analysis',
  'task_execution_summary',
  'worker',
]);

/** An answer of the engine, with names as JavaScript has them. */
export function record<T>(answer: unknown): T {
  return renamed(answer) as T;
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      camelCase(name),
      OURS.has(name) ? renamed(member) : member,
    ]),
  );
}

/** Arguments for the engine: its names, at the top only. */
export function args(given: object): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value as Json,
    ]),
  );
}
