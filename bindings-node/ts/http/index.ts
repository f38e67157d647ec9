/**
 * The interface over HTTP inside a server of yours: REST and its description, with your own authentication.
 *
 * ```js
 * import { nodeHandler } from 'tasker-engine/http';
 *
 * app.use('/tasker', nodeHandler(client, { principal: (request) => request.user ?? null }));
 * ```
 *
 * It needs no framework, and works in each: {@link nodeHandler} for `node:http` and Express, {@link fastifyPlugin} for
 * Fastify, {@link fetchHandler} for Hono, Next and others in the manner of Fetch.
 *
 * @packageDocumentation
 */

export type { FastifyLike, FastifyReplyLike, FastifyRequestLike } from './fastify.js';
export { fastifyPlugin } from './fastify.js';
export type { FetchHandler } from './fetch.js';
export { fetchHandler } from './fetch.js';
export type { NodeHandler } from './node.js';
export { nodeHandler } from './node.js';
export type { HttpOptions, Principal, Question } from './options.js';
