// The categories of the debug log. (Bitcoin Core src/rpc/node.cpp, logging)

import type { JsonInput, JsonValue } from '../../../json/json-value.ts';
import type { LogCategories } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

/** Words for all categories at once. */
const ALL: readonly string[] = ['all', '1'];

export function logging(categories: LogCategories): RpcMethod {
  const names = categories.names.toSorted();
  const items = { name: 'category', type: 'string', description: 'A category, or "all"' } as const;
  return defineRpcMethod({
    name: 'logging',
    category: 'control',
    description:
      'Tells which categories of debug lines are logged, and changes that: first what is to be added, then what is to be left out.\n' +
      `The valid logging categories are: ${names.join(', ')}\n` +
      'The words "all" and "1" stand for every category.',
    arguments: {
      include: { type: 'array', optional: true, items, description: 'Categories to log from now on' },
      exclude: { type: 'array', optional: true, items, description: 'Categories to log no longer' },
    },
    result: {
      type: 'map',
      key: 'category',
      description: 'For each category',
      values: { type: 'boolean', description: 'Whether it is logged' },
    },
    examples: [[['all'], ['net']]],
    call({ include = [], exclude = [] }): JsonInput {
      for (const name of include) change(categories, name, true);
      for (const name of exclude) change(categories, name, false);
      return Object.fromEntries(names.map((name) => [name, categories.isOn(name)]));
    },
  });
}

function change(categories: LogCategories, name: JsonValue, isOn: boolean): void {
  if (typeof name !== 'string') throw new RpcError(RPC_CODES.type, 'JSON value is not a string as expected');
  if (!ALL.includes(name) && !categories.names.includes(name)) {
    throw new RpcError(RPC_CODES.invalidParameter, `unknown logging category ${name}`);
  }
  for (const each of ALL.includes(name) ? categories.names : [name]) categories.set(each, isOn);
}
