// Time for tests: a stopped wall clock, and tasks that run early. (Bitcoin Core src/rpc/node.cpp)

import { peerManagerOf, requireRegtest } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

/** The last second that Core's nanosecond clock can represent. */
const MAX_MOCK_SECONDS = 9_223_372_036;

/** Most seconds by which tasks can run early. */
const MAX_DELTA_SECONDS = 3_600;

export function setMockTime(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'setmocktime',
    category: 'hidden',
    description: "Stops the node's wall clock at a time, or lets it go. For tests, on regtest.",
    arguments: {
      timestamp: {
        type: 'integer',
        min: Number.MIN_SAFE_INTEGER,
        max: Number.MAX_SAFE_INTEGER,
        description: 'Seconds since 1970; 0 lets the clock go',
      },
    },
    result: { type: 'null' },
    call({ timestamp }) {
      requireRegtest(node, 'setmocktime');
      if (timestamp < 0 || timestamp > MAX_MOCK_SECONDS) {
        const message = `Mocktime must be in the range [0, ${MAX_MOCK_SECONDS}], not ${timestamp}.`;
        throw new RpcError(RPC_CODES.invalidParameter, message);
      }
      if (node.settableClock === undefined) {
        throw new RpcError(RPC_CODES.misc, 'The clock of this node cannot be set');
      }
      node.settableClock.setWallTime(timestamp === 0 ? undefined : timestamp * 1_000);
      return null;
    },
  });
}

export function mockScheduler(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'mockscheduler',
    category: 'hidden',
    description: 'Has periodic tasks come as early as if so much time had passed. For tests, on regtest.',
    arguments: { delta_time: { type: 'integer', description: `Seconds, 1 to ${MAX_DELTA_SECONDS}` } },
    result: { type: 'null' },
    call({ delta_time }) {
      requireRegtest(node, 'mockscheduler');
      if (delta_time <= 0 || delta_time > MAX_DELTA_SECONDS) {
        throw new RpcError(RPC_CODES.misc, 'delta_time must be between 1 and 3600 seconds (1 hr)');
      }
      peerManagerOf(node).skipTaskTime(delta_time * 1_000);
      return null;
    },
  });
}
