// Methods about the RPC server itself, which every server has. (Bitcoin Core src/rpc/server.cpp)

import type { JsonInput } from '../../json/json-value.ts';
import type { RpcArgument } from '../table/documents.ts';
import { helpList, helpText } from '../table/help.ts';
import { defineRpcMethod } from '../table/rpc-method.ts';
import type { RpcMethod } from '../table/rpc-method.ts';
import type { RpcTable } from '../table/rpc-table.ts';

/** A word that `help` accepts in place of a method: Core's tests compare its output with the client's table. */
const CONVERSIONS = 'dump_all_command_conversions';

const ECHO_ARGUMENT_COUNT = 10;

/** The methods of a server with this table. */
export function serverMethods(table: RpcTable, logPath: string): RpcMethod[] {
  return [
    help(table),
    getRpcInfo(table, logPath),
    echo('echo', 'Texts stay texts.'),
    echo('echojson', 'The client reads them as JSON.'),
  ];
}

function help(table: RpcTable): RpcMethod {
  return defineRpcMethod({
    name: 'help',
    category: 'control',
    description: 'Lists the methods there are, or explains one.',
    arguments: {
      command: { type: 'string', defaultHint: 'all commands', description: 'The method to explain' },
    },
    result: { type: 'string', description: 'The text' },
    call: ({ command = '' }) => {
      if (command === CONVERSIONS) return conversions(table);
      if (command === '') return helpList(table.methods());
      const method = table.get(command);
      return method === undefined ? `help: unknown command: ${command}` : helpText(method);
    },
  });
}

/** For every argument: method, position, name, and whether a client sends it as text. */
function conversions(table: RpcTable): JsonInput {
  return [...table.methods()].flatMap((method) =>
    Object.entries(method.arguments).map(([name, { type, isText }], position) => [
      method.name,
      position,
      name,
      isText ?? type === 'string',
    ]),
  );
}

function getRpcInfo(table: RpcTable, logPath: string): RpcMethod {
  return defineRpcMethod({
    name: 'getrpcinfo',
    category: 'control',
    description: 'Tells about the RPC server: what it is doing, and where its log is.',
    result: {
      type: 'object',
      fields: {
        active_commands: {
          type: 'array',
          description: 'Calls that go on, this one included',
          items: {
            type: 'object',
            fields: {
              method: { type: 'string', description: 'The name of the method' },
              duration: { type: 'integer', description: 'How long it has taken so far, in microseconds' },
            },
          },
        },
        logpath: { type: 'string', description: 'The path of the debug log' },
      },
    },
    examples: [[]],
    call: () => ({
      active_commands: [...table.active].map((call) => ({
        method: call.method,
        duration: Math.floor(table.ageMs(call) * 1_000),
      })),
      logpath: logPath,
    }),
  });
}

function echo(name: string, how: string): RpcMethod {
  const argument: RpcArgument = { type: 'any', optional: true, isText: true, description: 'Any value' };
  const names = Array.from({ length: ECHO_ARGUMENT_COUNT }, (_, index) => `arg${index}`);
  return {
    name,
    category: 'hidden',
    description: `Gives back what it is given, for tests. ${how}`,
    arguments: Object.fromEntries(names.map((key) => [key, argument])),
    result: { type: 'any', description: 'The arguments, in a list' },
    call: (_values, { positions }) => positions,
  };
}
