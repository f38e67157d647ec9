/** Frameworks in the manner of Fetch: a `Request` in, a `Response` out. */

import type { Client } from '../client.js';
import { invalidArgument } from '../errors.js';
import type { Exchange, Source } from './exchange.js';
import { headerValue } from './exchange.js';
import { Mount } from './mount.js';
import type { HttpOptions, Principal } from './options.js';

/** Answers a request. What the framework gives besides goes to the hooks; it may be left out where they do not say what it is. */
export type FetchHandler<C = unknown> = (
  request: Request,
  ...context: unknown extends C ? [context?: unknown] : [context: C]
) => Promise<Response>;

/** Statuses whose answers have no body. */
const BODILESS = new Set([204, 205, 304]);

/**
 * The interface over HTTP, for Hono, route handlers of Next and whatever speaks Fetch:
 *
 * ```js
 * const tasker = fetchHandler(client, { prefix: '/tasker', principal: (request, c) => c.get('user') });
 * app.all('/tasker/*', (c) => tasker(c.req.raw, c));
 * ```
 *
 * @param client - Whose engine it is.
 * @param options - Who asks, and where it is mounted.
 * @throws {@link InvalidArgumentError} An option is unknown, or wrong.
 */
export function fetchHandler<C = unknown, P extends Principal | string = Principal>(
  client: Client,
  options: HttpOptions<[request: Request, context: C], P> = {},
): FetchHandler<C> {
  const mount = new Mount(client, options);
  return async (request, ...[context]) => {
    const { pathname, search } = new URL(request.url);
    const place = mount.place(pathname + search);
    if (place === undefined) return new Response(null, { status: 404 });
    if (request.bodyUsed) {
      throw invalidArgument('the body of this request has been read already: mount Tasker before what reads bodies');
    }
    const gone = new AbortController();
    const source = new Body(request);
    const end = () => {
      source.letGo();
      mount.log.tellOfEngine();
    };
    const giveUp = () => gone.abort();
    request.signal.addEventListener('abort', giveUp, { once: true });
    if (request.signal.aborted) giveUp();
    try {
      const headers = [...request.headers].map(([name, value]) => [name, headerValue(value)] as const);
      const asked = { method: request.method, ...place, headers, from: undefined };
      const exchange = await mount.begin([request, context as C], asked, source.read, gone.signal);
      const { status, headers: answered } = await exchange.head();
      const init = { status, headers: answered.map(([name, value]): [string, string] => [name, value]) };
      if (request.method !== 'HEAD' && !BODILESS.has(status)) {
        return new Response(stream(exchange, end, giveUp), init);
      }
      while ((await exchange.chunk()) !== undefined);
      end();
      return new Response(null, init);
    } catch (error) {
      end();
      request.signal.throwIfAborted();
      throw error;
    }
  };
}

/** The body of an answer, of which no more is had than is read. */
function stream(exchange: Exchange, end: () => void, giveUp: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await exchange.chunk();
          if (chunk !== undefined) {
            controller.enqueue(chunk);
            return;
          }
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        end();
      },
      cancel() {
        giveUp();
        end();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The body of a request, which is read when it is wanted. */
class Body {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  constructor({ body }: Request) {
    this.#reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  }

  readonly read: Source = async () => (await this.#reader?.read())?.value;

  /** Nobody wants more of it. */
  letGo(): void {
    this.#reader?.cancel().catch(() => undefined);
  }
}
