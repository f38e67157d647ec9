/** The interface as it is mounted, in whatever server: where it stands, who asks, what that one may do. */

import { inspect } from 'node:util';
import { at } from '../answers.js';
import type { Client } from '../client.js';
import { written } from '../conversation.js';
import { invalidArgument } from '../errors.js';
import { Log } from '../logs.js';
import { args, record } from '../names.js';
import type { NativeMount } from '../native.js';
import { native } from '../native.js';
import type { Decide, Source } from './exchange.js';
import { Exchange } from './exchange.js';
import type { HttpOptions, Principal, Question } from './options.js';

/** A request, as a server has it. */
export interface Asked {
  readonly method: string;
  /** Path and query, percent-encoded as they came. */
  readonly target: string;
  /** The path that this is mounted under. */
  readonly prefix: string;
  readonly headers: readonly (readonly [name: string, value: string | number[]])[];
  /** The address of the client. */
  readonly from: string | undefined;
}

/** Where a request leads. */
export type Place = Pick<Asked, 'target' | 'prefix'>;

/** The interface as it is mounted. */
export class Mount<A extends readonly unknown[], P extends Principal | string> {
  readonly log: Log;
  readonly #native: NativeMount;
  readonly #options: HttpOptions<A, P>;
  readonly #prefix: string;

  /**
   * @throws {@link InvalidArgumentError} An option is unknown, or wrong.
   */
  constructor(client: Client, options: HttpOptions<A, P>) {
    const { prefix = '', stripped, principal, authorize, address, logger, ...given } = options;
    if (authorize !== undefined && principal === undefined) {
      throw invalidArgument("'authorize' is asked what a principal may do: give the hook 'principal', too");
    }
    if (prefix !== '' && !/^\/[^?#]*$/.test(prefix)) {
      throw invalidArgument(
        `'prefix' is a path that begins with a slash, such as /tasker, not ${JSON.stringify(prefix)}`,
      );
    }
    const what = 'the options of a mount';
    const text = written(what, { ...args(given), principals: principal !== undefined });
    this.#native = at(() => client._opened().mount(text));
    this.#options = options;
    this.#prefix = prefix.replace(/\/+$/, '');
    this.log = new Log(logger);
  }

  /** Where a path with a query leads; none where that is not below this mount. `before` is what the framework took off. */
  place(url: string, before = ''): Place | undefined {
    const prefix = before.replace(/\/+$/, '') + this.#prefix;
    if (this.#options.stripped === true || this.#prefix === '') return { target: rooted(url), prefix };
    if (!url.startsWith(this.#prefix)) return undefined;
    const target = url.slice(this.#prefix.length);
    return /^([/?]|$)/.test(target) ? { target: rooted(target), prefix } : undefined;
  }

  /**
   * Begins a request, once it is known who asks.
   *
   * @param request - What the hooks are given.
   * @param gone - The client has gone away.
   */
  async begin(request: A, asked: Asked, source: Source, gone: AbortSignal): Promise<Exchange> {
    try {
      const principal = isOpen(asked.target) ? null : ((await this.#options.principal?.(...request)) ?? null);
      const from = this.#options.address?.(...request) ?? asked.from ?? null;
      if (from !== null && !isText(from)) throw invalidArgument(`'address' gives a text, not ${shown(from)}`);
      const head = written('the head of a request', { ...asked, from, principal: this.#told(principal) });
      const decide: Decide = principal === null ? nobody : (questions) => this.#decide(principal, questions);
      return new Exchange(
        at(() => this.#native.begin(head)),
        source,
        decide,
        gone,
      );
    } catch (error) {
      this.log.error('it could not be found out who asks over HTTP', error);
      const why = `the host could not tell who asks: ${String(error)}`;
      return new Exchange(
        at(() => this.#native.refuse(why)),
        source,
        nobody,
        gone,
      );
    }
  }

  #told(principal: P | null): object | null {
    if (principal === null) return null;
    const decides = this.#options.authorize !== undefined;
    if (typeof principal === 'string') return { name: named(principal), decides };
    if (typeof principal !== 'object' || Array.isArray(principal)) {
      throw invalidArgument(`'principal' gives an object, a name or null, not ${String(principal)}`);
    }
    const { name, roles = [], permissions = [], ambient }: Principal = principal;
    if ((name ?? null) !== null) named(name);
    for (const [member, texts] of Object.entries({ roles, permissions })) {
      if (!Array.isArray(texts) || !texts.every(isText)) {
        throw invalidArgument(`the ${member} of a principal are an array of texts, not ${shown(texts)}`);
      }
    }
    const told = { name, roles, permissions, decides };
    // Left open, the engine takes a request with a cookie for one that a browser may have been led to.
    if ((ambient ?? null) === null) return told;
    if (isBoolean(ambient)) return { ...told, ambient };
    throw invalidArgument(`'ambient' of a principal is a boolean, not ${shown(ambient)}`);
  }

  async #decide(principal: P, asked: readonly object[]): Promise<boolean[]> {
    try {
      const questions = record<Question[]>(asked);
      const answers: unknown = await this.#options.authorize?.(principal, questions);
      if (!Array.isArray(answers) || answers.length !== questions.length || !answers.every(isBoolean)) {
        throw invalidArgument(
          `'authorize' was asked ${questions.length} questions, and has to give an array of as many booleans`,
        );
      }
      return answers;
    } catch (error) {
      this.log.error('the hook of a mount could not decide what somebody may do', error);
      throw error;
    }
  }
}

async function nobody(): Promise<boolean[]> {
  return [];
}

/** Whether nobody has to say there who they are, as at probes. */
function isOpen(target: string): boolean {
  openPaths ??= new Set(native.openPaths());
  return openPaths.has(target.replace(/\?.*$/s, ''));
}

let openPaths: ReadonlySet<string> | undefined;

function named(name: unknown): string {
  if (!isText(name)) throw invalidArgument(`the name of a principal is a text, not ${shown(name)}`);
  return name;
}

/** Half of a surrogate pair is no character: no UTF-8 has it. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

function shown(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 100 });
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function rooted(target: string): string {
  return target.startsWith('/') ? target : `/${target}`;
}
