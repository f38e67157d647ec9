/** Servers of Node's own `http`, and frameworks on it. */

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client } from '../client.js';
import { body, readable } from './body.js';
import type { Exchange, Head } from './exchange.js';
import { headerValue } from './exchange.js';
import { Mount } from './mount.js';
import type { HttpOptions, Principal } from './options.js';

/** Answers requests of `node:http`, Express, Connect and the like. `next` is called for what is not below the prefix. */
export type NodeHandler<R extends IncomingMessage> = (
  request: R,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** What Express adds to requests. */
interface Mounted {
  readonly baseUrl?: unknown;
  readonly ip?: unknown;
}

/**
 * The interface over HTTP, for `node:http` and for Express:
 *
 * ```js
 * createServer(nodeHandler(client, { prefix: '/tasker', principal })).listen(8080);
 * app.use('/tasker', nodeHandler(client, { principal })); // before express.json()
 * ```
 *
 * @param client - Whose engine it is.
 * @param options - Who asks, and where it is mounted; Express tells the latter by itself.
 * @throws {@link InvalidArgumentError} An option is unknown, or wrong.
 */
export function nodeHandler<R extends IncomingMessage = IncomingMessage, P extends Principal | string = Principal>(
  client: Client,
  options: HttpOptions<[request: R], P> = {},
): NodeHandler<R> {
  const mount = new Mount(client, options);
  return (request, response, next) => {
    const { baseUrl, ip }: Mounted = request as Mounted;
    const place = mount.place(pathOf(request.url ?? '/'), typeof baseUrl === 'string' ? baseUrl : '');
    if (place === undefined) {
      if (next === undefined) response.writeHead(404).end();
      else next();
      return;
    }
    const from = typeof ip === 'string' ? ip : request.socket?.remoteAddress;
    void answer(mount, [request], { ...place, from }, request, response);
  };
}

/**
 * Answers one request, whatever the hooks are given of it.
 *
 * @internal
 */
export async function answer<A extends readonly unknown[], P extends Principal | string>(
  mount: Mount<A, P>,
  given: A,
  place: { readonly target: string; readonly prefix: string; readonly from: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // While something before this thought about who asks.
  if (response.destroyed) gone.abort();
  const source = body(request);
  try {
    const headers = source.changed(readable(request)).map(([name, value]) => [name, headerValue(value)] as const);
    const asked = { method: request.method ?? 'GET', ...place, headers };
    const exchange = await mount.begin(given, asked, source.read, gone.signal);
    await send(exchange, response, gone.signal);
  } catch (error) {
    if (!gone.signal.aborted) {
      mount.log.error('an answer was broken off', error);
      response.destroy();
    }
  } finally {
    source.letGo();
    mount.log.tellOfEngine();
  }
}

async function send(exchange: Exchange, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const head = await exchange.head();
  const streams = begin(response, head);
  for (;;) {
    const chunk = await exchange.chunk();
    if (chunk === undefined) break;
    const room = response.write(chunk);
    if (streams) flush(response);
    if (!room) await once(response, 'drain', { signal: gone });
  }
  response.end();
}

/** Begins the answer; whether more of it comes little by little. */
function begin(response: ServerResponse, { status, headers }: Head): boolean {
  const grouped = new Map<string, string[]>();
  for (const [name, value] of headers) grouped.set(name, [...(grouped.get(name) ?? []), value]);
  const varies = grouped.get('vary');
  if (varies !== undefined) grouped.set('vary', [united(response.getHeader('vary'), varies)]);
  for (const [name, [first = '', ...more]] of grouped) {
    response.setHeader(name, more.length === 0 ? first : [first, ...more]);
  }
  response.writeHead(status);
  const streams = !grouped.has('content-length');
  // Who waits for events wants to know at once that they will come.
  if (streams) response.flushHeaders();
  return streams;
}

/** What an answer depends on: what the host's middleware has found before, too. */
function united(before: number | string | string[] | undefined, varies: string[]): string {
  const names = [before ?? [], varies].flat().join(',').split(',');
  const once = new Map<string, string>();
  for (const name of names.map((name) => name.trim())) {
    const key = name.toLowerCase();
    if (name !== '' && !once.has(key)) once.set(key, name);
  }
  return [...once.values()].join(', ');
}

/** The middleware `compression` keeps what it was given until it is told. */
function flush(response: ServerResponse & { readonly flush?: unknown }): void {
  if (typeof response.flush === 'function') response.flush();
}

/** Path and query; some clients send the whole address, as to a proxy. */
function pathOf(url: string): string {
  const [, path = url] = /^https?:\/\/[^/?#]*(.*)$/i.exec(url) ?? [];
  return path;
}
