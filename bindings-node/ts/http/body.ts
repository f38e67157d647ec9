/** The body of a request of `node:http`, also where a framework has read it already. */

import type { IncomingMessage } from 'node:http';
import { toJson } from '../values.js';
import type { Source } from './exchange.js';

type Headers = readonly (readonly [name: string, value: string])[];

/** A body, and what follows from how it is had. */
export interface Body {
  readonly read: Source;
  /** The headers that fit it. */
  changed(headers: Headers): Headers;
  /** Nobody wants more of it. */
  letGo(): void;
}

/** What says something about the bytes that came over the line. */
const OF_BYTES = new Set(['content-length', 'content-encoding', 'transfer-encoding']);

/** The body of a request. */
export function body(request: IncomingMessage): Body {
  const { body: parsed } = request as { body?: unknown };
  // Others set `body` without having read anything.
  return request.readableEnded && parsed !== undefined ? parsedBefore(parsed) : streamed(request);
}

/** The headers of a request as they came, without what HTTP/2 has instead of a first line. */
export function readable({ rawHeaders }: IncomingMessage): [name: string, value: string][] {
  const headers: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2);
    if (!name.startsWith(':')) headers.push([name, value]);
  }
  return headers;
}

function streamed(request: IncomingMessage): Body {
  // Destroyed, it would take the connection with it, on which the answer goes out.
  const pieces = request.iterator({ destroyOnReturn: false });
  return {
    async read() {
      const { done, value } = (await pieces.next()) as IteratorResult<Uint8Array | string>;
      if (done === true) return undefined;
      return typeof value === 'string' ? Buffer.from(value) : value;
    },
    changed: (headers) => headers,
    letGo() {
      // The next request on this connection begins behind what is left.
      const left = () => request.resume();
      pieces.return?.().then(left, left);
    },
  };
}

/** What a body parser has read cannot be read again: it is written once more. */
function parsedBefore(parsed: unknown): Body {
  const bytes =
    parsed instanceof Uint8Array ? parsed : Buffer.from(typeof parsed === 'string' ? parsed : toJson(parsed), 'utf8');
  let left: Uint8Array | undefined = bytes;
  return {
    async read() {
      const piece = left;
      left = undefined;
      return piece;
    },
    changed: (headers) => [
      ...headers.filter(([name]) => !OF_BYTES.has(name.toLowerCase())),
      ['content-length', String(bytes.byteLength)],
    ],
    letGo() {
      // It is all here.
    },
  };
}
