// Declarations of arguments and results. One declaration checks calls and writes the help.

import { JsonNumber } from '../../json/json-value.ts';
import type { JsonInput, JsonObject, JsonValue } from '../../json/json-value.ts';

/** What a client may send for an argument. `integer` and `number` are both `number` in JSON. */
export type ArgumentType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'any';

/** An argument of a method. */
export interface RpcArgument {
  readonly type: ArgumentType;
  /** For the help. */
  readonly description: string;
  /** May be left out, or null; the handler then gets undefined. */
  readonly optional?: boolean;
  /** May be left out, or null; the handler then gets this. */
  readonly default?: JsonInput;
  /** May be left out, or null; the handler gets undefined, and the help says this. */
  readonly defaultHint?: string;
  /** `bitcoin-cli` sends the given text unchanged. Default: for a `string`. */
  readonly isText?: boolean;
  /** The help leaves it out, with all arguments after it. */
  readonly hidden?: boolean;
  /** Of an integer; default -2^31. */
  readonly min?: number;
  /** Of an integer; default 2^31 - 1. */
  readonly max?: number;
  /** Of an array: its members. */
  readonly items?: { readonly name: string; readonly type: ArgumentType; readonly description: string };
}

/** Arguments by name, in their order. */
export type RpcArguments = Readonly<Record<string, RpcArgument>>;

/** What a handler gets for each type. */
export interface ArgumentValues {
  string: string;
  integer: number;
  number: number;
  boolean: boolean;
  array: readonly JsonValue[];
  object: JsonObject;
  any: JsonValue;
}

/** What a handler gets for an argument. */
export type ValueOf<Argument extends RpcArgument> =
  | ArgumentValues[Argument['type']]
  | (Argument extends { readonly default: JsonInput }
      ? never
      : Argument extends { readonly optional: true } | { readonly defaultHint: string }
        ? undefined
        : never);

/** What a handler gets, by the names of the arguments. */
export type ValuesOf<Arguments extends RpcArguments> = { readonly [Name in keyof Arguments]: ValueOf<Arguments[Name]> };

/** Values of arguments whose method is not known. */
export type RpcValues = Readonly<Record<string, JsonValue | readonly JsonValue[] | number | undefined>>;

/** The result of a method, or a part of it, for the help. */
export type RpcResult = {
  readonly description?: string;
  /** Only sometimes there. */
  readonly optional?: boolean;
} & (
  | { readonly type: 'null' | 'string' | 'hex' | 'integer' | 'number' | 'amount' | 'boolean' | 'time' | 'any' }
  | { readonly type: 'array'; readonly items: RpcResult }
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, RpcResult>> }
  /** An object whose keys are data. */
  | { readonly type: 'map'; readonly key: string; readonly values: RpcResult }
);

/** Whether an argument may be left out. */
export function isOptional({ optional, default: value, defaultHint }: RpcArgument): boolean {
  return optional === true || value !== undefined || defaultHint !== undefined;
}

/** The word of JSON for a value that was parsed. */
export function typeNameOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
      return value instanceof JsonNumber ? 'number' : 'object';
  }
}

const WORDS: Readonly<Record<ArgumentType, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'bool',
  array: 'array',
  object: 'object',
  any: 'any',
};

/** The word of JSON for the type of an argument. */
export function wordOf(type: ArgumentType): string {
  return WORDS[type];
}
