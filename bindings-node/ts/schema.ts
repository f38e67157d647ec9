/** Typed inputs and results by Standard Schema, which Zod, Valibot, ArkType and others speak. */

import { PermanentError } from './errors.js';

/** What is asked of a schema: the part of Standard Schema that checks values and tells types. */
export interface StandardSchema<Input = unknown, Value = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Value> | Promise<Validated<Value>>;
    readonly types?: { readonly input: Input; readonly output: Value } | undefined;
  };
}

type Validated<Value> = { readonly value: Value; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of the values that a schema gives. */
export type Output<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/**
 * The value as the schema gives it: checked, with its defaults.
 *
 * @param what - Whose value it is, for the message.
 * @param errorCode - The code of the failure.
 * @throws {@link PermanentError} The schema does not accept it; every mistake is told, with its place.
 */
export async function checked<Value>(
  schema: StandardSchema<unknown, Value>,
  value: unknown,
  what: string,
  errorCode: string,
): Promise<Value> {
  const validated = await schema['~standard'].validate(value);
  if (validated.issues === undefined) return validated.value;
  const problems = validated.issues.map(({ message, path = [] }) => ({
    message,
    pointer: path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join(''),
  }));
  const told = problems.map(({ message, pointer }) => (pointer === '' ? message : `${message} (at ${pointer})`));
  throw new PermanentError(`${what}: ${told.join('; ')}`, { errorCode, details: { problems } });
}
