// The same implementation for `import`.

export type * from './index.js';
export { fastifyPlugin, fetchHandler, nodeHandler } from './index.js';
