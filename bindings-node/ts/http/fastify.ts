/** Fastify, known by its shape: who has it has its types. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '../client.js';
import { Mount } from './mount.js';
import { answer } from './node.js';
import type { HttpOptions, Principal } from './options.js';

/** A request of Fastify. */
export interface FastifyRequestLike {
  readonly raw: IncomingMessage;
  readonly ip: string;
}

/** A reply of Fastify. */
export interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): unknown;
  getHeaders(): Record<string, number | string | string[] | undefined>;
}

/** A server of Fastify, as a plugin is given it. */
export interface FastifyLike {
  readonly prefix: string;
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    contentType: string,
    options: object,
    parser: (request: never, payload: never, done: (error: null) => void) => void,
  ): unknown;
  all(path: string, options: object, handler: (request: never, reply: never) => void): unknown;
}

/**
 * The interface over HTTP, as a plugin of Fastify:
 *
 * ```js
 * fastify.register(fastifyPlugin(client, { principal: (request) => request.user }), { prefix: '/tasker' });
 * ```
 *
 * Hooks of the server around it run before it: authentication, limits, CORS. Its parsers do not: bodies stream.
 *
 * @param client - Whose engine it is.
 * @param options - Who asks. Where it is mounted is what it is registered with.
 * @throws {@link InvalidArgumentError} An option is unknown, or wrong.
 */
export function fastifyPlugin<
  R extends FastifyRequestLike = FastifyRequestLike,
  P extends Principal | string = Principal,
>(
  client: Client,
  options: Omit<HttpOptions<[request: R], P>, 'prefix' | 'stripped'> = {},
): (fastify: FastifyLike) => Promise<void> {
  return async (fastify) => {
    const mount = new Mount<[request: R], P>(client, { ...options, prefix: fastify.prefix });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', {}, (_request, _payload, done) => done(null));
    const handle = (request: R, reply: FastifyReplyLike) => {
      const { raw, ip: from } = request;
      const place = mount.place(raw.url ?? '/');
      reply.hijack();
      // What hooks have set, such as the headers of CORS.
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value);
      }
      if (place === undefined) reply.raw.writeHead(404).end();
      else void answer(mount, [request], { ...place, from }, raw, reply.raw);
    };
    for (const path of ['/', '/*']) fastify.all(path, {}, handle as (request: never, reply: never) => void);
  };
}
