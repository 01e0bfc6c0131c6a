// The shape of a result, as the help shows it: JSON with the types in place of the values, and what they mean beside it.

import type { RpcResult } from './documents.ts';
import type { HelpLine } from './help-lines.ts';

type PlainType = Exclude<RpcResult['type'], 'array' | 'object' | 'map'>;

/** For each type, the placeholder of its value, and the word that names it. */
const PLAIN: Readonly<Record<PlainType, readonly [string, string]>> = {
  null: ['null', 'json null'],
  string: ['"str"', 'string'],
  hex: ['"hex"', 'string'],
  integer: ['n', 'numeric'],
  number: ['n', 'numeric'],
  amount: ['n', 'numeric'],
  boolean: ['true|false', 'boolean'],
  time: ['xxx', 'numeric'],
  any: ['...', 'any'],
};

/** The lines of a result. */
export function resultLines(result: RpcResult): HelpLine[] {
  return linesOf(result, '', '', '');
}

/** @param before - A key, with its colon. @param after - A comma, if something follows. */
function linesOf(result: RpcResult, indent: string, before: string, after: string): HelpLine[] {
  const lead = `${indent}${before}`;
  const inner = `${indent}  `;
  switch (result.type) {
    case 'array':
      return bracketed('[', ']', 'json array', [...linesOf(result.items, inner, '', ','), [`${inner}...`, '']]);
    case 'map':
      return bracketed('{', '}', 'json object', [
        ...linesOf(result.values, inner, `"${result.key}" : `, ','),
        [`${inner}...`, ''],
      ]);
    case 'object':
      return objectLines(Object.entries(result.fields));
    default: {
      const [value, word] = PLAIN[result.type];
      return [[`${lead}${value}${after}`, meaning(word, result)]];
    }
  }

  function objectLines(fields: readonly [string, RpcResult][]): HelpLine[] {
    if (fields.length === 0) return [[`${lead}{}${after}`, meaning('empty JSON object', result)]];
    const lines = fields.flatMap(([key, field], at) =>
      linesOf(field, inner, `"${key}" : `, at + 1 < fields.length ? ',' : ''),
    );
    return bracketed('{', '}', 'json object', lines);
  }

  function bracketed(open: string, close: string, word: string, lines: readonly HelpLine[]): HelpLine[] {
    return [[`${lead}${open}`, meaning(word, result)], ...lines, [`${indent}${close}${after}`, '']];
  }
}

function meaning(word: string, { optional, description = '' }: RpcResult): string {
  return `(${word}${optional === true ? ', optional' : ''}) ${description}`.trimEnd();
}
