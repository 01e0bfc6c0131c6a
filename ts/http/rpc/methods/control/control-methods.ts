// Methods about the program: its uptime, its log, its end. (Bitcoin Core src/rpc/server.cpp, src/rpc/node.cpp)

import { systemClock } from '../../../../util/time/clock.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { logging } from './logging.ts';

/** Longest delay of the answer to `stop`, in milliseconds. */
const MAX_STOP_WAIT_MS = 2 ** 31 - 1;

/** The control methods of a node. */
export function controlMethods(node: RpcNode): RpcMethod[] {
  return [
    uptime(node),
    ...(node.stop === undefined ? [] : [stop(node, node.stop)]),
    ...(node.logCategories === undefined ? [] : [logging(node.logCategories)]),
  ];
}

function uptime({ clock = systemClock }: RpcNode): RpcMethod {
  // Monotonic: setting the wall clock does not change the uptime.
  const startedMs = clock.now();
  return defineRpcMethod({
    name: 'uptime',
    category: 'control',
    description: 'How long the node has run.',
    result: { type: 'integer', description: 'Seconds since the start' },
    examples: [[]],
    call: () => Math.floor((clock.now() - startedMs) / 1_000),
  });
}

function stop({ clock = systemClock, name = 'sockman' }: RpcNode, requestStop: () => void): RpcMethod {
  const answer = `${name} stopping`;
  return defineRpcMethod({
    name: 'stop',
    category: 'control',
    description: 'Has the node end in good order.',
    arguments: {
      wait: {
        type: 'integer',
        optional: true,
        hidden: true,
        min: 0,
        max: MAX_STOP_WAIT_MS,
        description: 'How long the answer is to be held back, in milliseconds',
      },
    },
    result: { type: 'string', description: `The text "${answer}"` },
    async call({ wait = 0 }) {
      requestStop();
      if (wait > 0) await new Promise<void>((resolve) => void clock.after(wait, resolve));
      return answer;
    },
  });
}
