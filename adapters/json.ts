/**
 * JSON as a codec, with a validator for each direction.
 */
import { check, type Rule, rule } from './check.ts';
import { type Codec, codec, type Issue } from './codec.ts';
import type { Frame } from './protocols/protocol.ts';

/** Standard Schema 1 (https://standardschema.dev), as much of it as is used here: what zod, valibot, arktype and others make. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validated<Output> | PromiseLike<Validated<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] };

/** A validator for each direction. One that answers with a promise finds every message invalid: order would be lost. */
export interface JsonOptions<Receive extends Schema, Send extends Schema> {
  /** What it makes of a message is what is heard. Default: none, and nothing is claimed of what comes. */
  receive?: Receive;
  /** What it makes of a message is what is sent. Default: none. */
  send?: Send;
}

type Schema = StandardSchema<any, any> | undefined;
type TypesOf<S> =
  S extends StandardSchema<any, any> ? NonNullable<S['~standard']['types']> : { input: unknown; output: unknown };

/**
 * Messages are JSON, in text or in UTF-8.
 * @throws {TypeError} for what is no Standard Schema
 */
export function json<Receive extends Schema = undefined, Send extends Schema = undefined>(
  options: JsonOptions<Receive, Send> = {},
): Codec<TypesOf<Receive>['output'], TypesOf<Send>['input']> {
  check(options, { receive: validator, send: validator });
  const { receive, send } = options;
  return codec({
    decode: (frame) => validated(JSON.parse(textOf(frame)), receive),
    encode(message) {
      // What JSON has no word for, such as undefined and functions, is written as nothing at all.
      const text = JSON.stringify(validated(message, send)) as string | undefined;
      if (text === undefined) throw new TypeError(`JSON has no word for ${typeof message}`);
      return text;
    },
  });
}

function textOf(frame: Frame): string {
  return typeof frame === 'string' ? frame : new TextDecoder(undefined, { fatal: true }).decode(frame);
}

function validated(value: unknown, schema: Schema): any {
  if (schema === undefined) return value;
  const result = schema['~standard'].validate(value);
  if ('then' in result) {
    Promise.resolve(result).catch(() => {});
    throw new TypeError(
      'the validator answers with a promise, and messages are told in order: give it a synchronous one',
    );
  }
  if (result.issues) throw new Unsound(result.issues);
  return result.value;
}

class Unsound extends TypeError {
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path = [], message }) => [pathOf(path), message].filter(Boolean).join(': ')).join('; '));
    this.issues = issues;
  }
}

function pathOf(path: NonNullable<Issue['path']>): string {
  return path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
}

const validator: Rule = rule(
  (value) => typeof (value as Partial<StandardSchema> | null)?.['~standard']?.validate === 'function',
  'a validator that follows Standard Schema, such as those of zod, valibot and arktype',
);
