// The help of a method, generated from its declaration. The layout is Bitcoin Core's, which people and scripts know.

import { writeJson } from '../../json/json-writer.ts';
import type { JsonInput } from '../../json/json-value.ts';
import { isOptional } from './documents.ts';
import type { ArgumentType, RpcArgument } from './documents.ts';
import { alignedLines } from './help-lines.ts';
import { resultLines } from './help-result.ts';
import type { RpcExample, RpcMethod } from './rpc-method.ts';

const CURL_ADDRESS = 'http://127.0.0.1:8332/';

/** A word that a shell takes without quotes. */
const SHELL_WORD = /^[\w.:/-]+$/;

const TYPE_WORDS: Readonly<Record<ArgumentType, string>> = {
  string: 'string',
  integer: 'numeric',
  number: 'numeric',
  boolean: 'boolean',
  array: 'json array',
  object: 'json object',
  any: 'json',
};

/** The list of all methods that are not hidden, under their headings. */
export function helpList(methods: Iterable<RpcMethod>): string {
  const byCategory = new Map<string, RpcMethod[]>();
  for (const method of methods) {
    if (method.category === 'hidden') continue;
    byCategory.set(method.category, [...(byCategory.get(method.category) ?? []), method]);
  }
  const sections = [...byCategory]
    .toSorted(([a], [b]) => inOrder(a, b))
    .map(([category, list]) => {
      const lines = list.toSorted((a, b) => inOrder(a.name, b.name)).map(summaryOf);
      return [`== ${category.charAt(0).toUpperCase()}${category.slice(1)} ==`, ...lines].join('\n');
    });
  return sections.join('\n\n');
}

/** The whole help of one method. */
export function helpText(method: RpcMethod): string {
  const parts = [`${summaryOf(method)}\n\n${method.description}\n`];
  const shown = shownArguments(method);
  if (shown.length > 0) {
    parts.push(
      `\nArguments:\n${alignedLines(shown.flatMap(([name, argument], at) => argumentLines(name, argument, at + 1)))}`,
    );
  }
  parts.push(`\nResult:\n${alignedLines(resultLines(method.result))}`);
  const { examples = [] } = method;
  if (examples.length > 0) {
    const calls = [
      ...examples.map((values) => cliExample(method, values)),
      ...examples.map((values) => curlExample(method, values)),
    ];
    parts.push(`\nExamples:\n${calls.join('')}`);
  }
  return parts.join('');
}

/** Name and arguments in one line: optional ones stand together in parentheses. */
function summaryOf(method: RpcMethod): string {
  const words = [method.name];
  let isOpen = false;
  for (const [name, argument] of shownArguments(method)) {
    const optional = isOptional(argument);
    if (optional && !isOpen) words.push('(');
    if (!optional && isOpen) words.push(')');
    isOpen = optional;
    words.push(shortForm(name, argument));
  }
  if (isOpen) words.push(')');
  return words.join(' ');
}

function shortForm(name: string, { type, items, isText }: RpcArgument): string {
  if (type === 'string' || isText === true) return `"${name}"`;
  if (type !== 'array' || items === undefined) return name;
  return items.type === 'string' ? `["${items.name}",...]` : `[${items.name},...]`;
}

/** The arguments before the first hidden one. */
function shownArguments({ arguments: declared }: RpcMethod): [string, RpcArgument][] {
  const all = Object.entries(declared);
  const end = all.findIndex(([, { hidden }]) => hidden === true);
  return end === -1 ? all : all.slice(0, end);
}

function argumentLines(name: string, argument: RpcArgument, number: number): [string, string][] {
  const lines: [string, string][] = [[`${number}. ${name}`, `(${traitsOf(argument)}) ${argument.description}`]];
  const { items } = argument;
  if (items === undefined) return lines;
  const word = items.type === 'string' ? `"${items.name}"` : items.name;
  const member = `(${TYPE_WORDS[items.type]}) ${items.description}`;
  return [...lines, ['     [', ''], [`       ${word},`, member], ['       ...', ''], ['     ]', '']];
}

function traitsOf(argument: RpcArgument): string {
  const traits = [TYPE_WORDS[argument.type], isOptional(argument) ? 'optional' : 'required'];
  if (argument.defaultHint !== undefined) traits.push(`default=${argument.defaultHint}`);
  else if (argument.default !== undefined) traits.push(`default=${writeJson(argument.default)}`);
  return traits.join(', ');
}

function cliExample({ name }: RpcMethod, values: RpcExample): string {
  if (isList(values)) return `> bitcoin-cli ${[name, ...values.map(shellWord)].join(' ')}\n`;
  const named = Object.entries(values).map(([key, value]) => `${key}=${plainWord(value)}`);
  return `> bitcoin-cli -named ${[name, ...named].join(' ')}\n`;
}

/** As `bitcoin-cli -named` reads it: a text without quotes, unless the shell needs them. */
function plainWord(value: JsonInput): string {
  return typeof value === 'string' && SHELL_WORD.test(value) ? value : shellWord(value);
}

/** A text in quotes; lists and objects in quotes with theirs escaped, for a shell. */
function shellWord(value: JsonInput): string {
  const text = writeJson(value);
  return typeof value === 'object' && value !== null ? JSON.stringify(text) : text;
}

function curlExample({ name }: RpcMethod, values: RpcExample): string {
  const call = `{"jsonrpc": "2.0", "id": "curltest", "method": "${name}", "params": ${writeJson(values)}}`;
  return `> curl --user myusername --data-binary '${call}' -H 'content-type: application/json' ${CURL_ADDRESS}\n`;
}

function isList(values: RpcExample): values is readonly JsonInput[] {
  return Array.isArray(values);
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
