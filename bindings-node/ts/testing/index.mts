// The same implementation for `import`.

export type * from './index.js';
export { CrashReport, Fault, TestReport, WorkflowTest } from './index.js';
