/** Values of JavaScript as JSON, by the rules that hold in every language (decisions 34 and 35). */

import { types } from 'node:util';

/** A value as JSON has it. Whole numbers that `number` cannot hold exactly, beyond 2⁵³, are `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;

/** An object as JSON has it. */
export type JsonObject = { [key: string]: Json };

/** How deep arrays and objects may be nested. */
const MAX_DEPTH = 128;

/** A value that JSON cannot say, and its place. */
export class NotSerializableError extends TypeError {
  /** JSON Pointer to the place; empty for the value as a whole. */
  readonly pointer: string;
  /** What is wrong there. */
  readonly problem: string;

  constructor(pointer: string, problem: string, options?: ErrorOptions) {
    super(pointer === '' ? problem : `${problem} (at ${pointer})`, options);
    this.pointer = pointer;
    this.problem = problem;
  }
}

/** How to write. */
export interface Writing {
  /** Whether lone halves of surrogate pairs are replaced; else the engine refuses them, with their place. */
  readonly wellFormed?: boolean;
  /** How deep arrays and objects may be nested. */
  readonly depth?: number;
}

/**
 * The JSON text of a value. `undefined` is `null` at the top and in arrays, and left out in objects; dates become RFC 3339
 * in UTC; `bigint`s whole numbers; what has `toJSON` what that gives.
 *
 * What the engine finds in the text itself is left to it: whole numbers out of range, U+0000, lone surrogates.
 *
 * @throws {@link NotSerializableError} where JSON cannot say it: bytes, functions, symbols, NaN and infinities, maps, sets,
 * what contains itself, what cannot be read.
 */
export function toJson(value: unknown, writing: Writing = {}): string {
  return new Writer(writing).top(value);
}

class Writer {
  readonly #wellFormed: boolean;
  readonly #depth: number;
  readonly #path: (string | number)[] = [];
  readonly #around: object[] = [];

  constructor({ wellFormed = false, depth = MAX_DEPTH }: Writing) {
    this.#wellFormed = wellFormed;
    this.#depth = depth;
  }

  top(value: unknown): string {
    try {
      return this.#text(value) ?? 'null';
    } catch (error) {
      if (error instanceof NotSerializableError) throw error;
      // A getter, a toJSON or a trap of a proxy: code of the user's, where the path stands.
      throw new NotSerializableError(pointer(this.#path), 'reading it throws', { cause: error });
    }
  }

  /** The text; none where the member is to be left out. */
  #text(given: unknown): string | undefined {
    const value = this.#said(given);
    switch (typeof value) {
      case 'string':
        return JSON.stringify(this.#wellFormed ? value.toWellFormed() : value);
      case 'number':
        return this.#number(value);
      case 'object':
        return value === null ? 'null' : this.#object(value);
      case 'boolean':
        return value ? 'true' : 'false';
      case 'undefined':
        return undefined;
      case 'bigint':
        return value.toString();
      default:
        return this.#refuse(`a ${typeof value} cannot be said in JSON`);
    }
  }

  /** What an object says that it is in JSON. */
  #said(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (types.isDate(value)) return this.#date(value);
    if (types.isBoxedPrimitive(value)) return value.valueOf();
    this.#refuseContainers(value);
    const { toJSON } = value as { toJSON?: unknown };
    return typeof toJSON === 'function' ? toJSON.call(value, String(this.#path.at(-1) ?? '')) : value;
  }

  #number(value: number): string {
    if (!Number.isFinite(value)) return this.#refuse(`${value} is no number of JSON`);
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return String(value);
    // Beyond 2⁵³ JavaScript pads with zeros what other languages would take for digits.
    return Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : value.toExponential();
  }

  #date(value: Date): string {
    const text = Number.isNaN(value.getTime()) ? '' : value.toISOString();
    // Years outside of 0000 to 9999 have a sign, which RFC 3339 does not know.
    return text.length === 'YYYY-MM-DDTHH:MM:SS.sssZ'.length
      ? text
      : this.#refuse('a date without a time, or out of range');
  }

  #object(value: object): string {
    if (this.#around.includes(value)) return this.#refuse('it contains itself');
    if (this.#around.length >= this.#depth) return this.#refuse(`nested deeper than ${this.#depth} levels`);
    this.#around.push(value);
    const text = Array.isArray(value) ? this.#array(value) : this.#members(value as Record<string, unknown>);
    this.#around.pop();
    return text;
  }

  #array(items: readonly unknown[]): string {
    const texts: string[] = [];
    for (let at = 0; at < items.length; at += 1) {
      this.#path.push(at);
      texts.push(this.#text(items[at]) ?? 'null');
      this.#path.pop();
    }
    return `[${texts.join()}]`;
  }

  #members(value: Record<string, unknown>): string {
    const texts: string[] = [];
    for (const key of Object.keys(value)) {
      this.#path.push(key);
      const text = this.#text(value[key]);
      this.#path.pop();
      if (text !== undefined) texts.push(`${JSON.stringify(this.#wellFormed ? key.toWellFormed() : key)}:${text}`);
    }
    return `{${texts.join()}}`;
  }

  /** What has its content elsewhere than in members would be written as an empty object, and its content lost. */
  #refuseContainers(value: object): void {
    const parent: unknown = Object.getPrototypeOf(value);
    if (parent === Object.prototype || parent === Array.prototype || parent === null) return;
    if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) this.#refuse('bytes cannot be said in JSON');
    if (types.isMap(value) || types.isWeakMap(value))
      this.#refuse('a Map cannot be said in JSON: use Object.fromEntries');
    if (types.isSet(value) || types.isWeakSet(value)) this.#refuse('a Set cannot be said in JSON: use Array.from');
    if (types.isPromise(value)) this.#refuse('a promise cannot be said in JSON: await it');
    if (types.isNativeError(value)) this.#refuse('an error cannot be said in JSON');
    if (types.isRegExp(value)) this.#refuse('a regular expression cannot be said in JSON');
    if (types.isGeneratorObject(value) || Symbol.asyncIterator in value) {
      this.#refuse('a generator or stream cannot be said in JSON: collect what it gives');
    }
  }

  #refuse(problem: string): never {
    throw new NotSerializableError(pointer(this.#path), problem);
  }
}

/** RFC 6901. */
function pointer(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** No whole number of fewer digits is beyond 2⁵³. */
const LONG = /\d{16}/;
/** Texts, so that digits in them are left alone, and numbers. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WHOLE = /^-?\d{16,}$/;
/** Begins what stands for a `bigint`: U+0000 is in no text, since the engine refuses it. */
const MARK = '\0';

/** The value of a JSON text of the engine's. */
export function fromJson(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKENS, (token) =>
    WHOLE.test(token) && !Number.isSafeInteger(Number(token)) ? `"\\u0000${token}"` : token,
  );
  if (marked.length === text.length) return JSON.parse(text);
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
