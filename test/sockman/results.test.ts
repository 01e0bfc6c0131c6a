// Results that are taken apart: the type checker narrows each field by any other.

import { expect, it } from 'vitest';
import type { BindResult, DialResult } from '../../ts/index.ts';
import { Service } from '../../ts/netaddr/service.ts';

const HERE = Service.parse('127.0.0.1:7000');

/** Compiles only if `bound` and `errmsg` are never both undefined. */
function tellBind({ bound, code, errmsg }: BindResult): string {
  return bound === undefined ? `${code.toLowerCase()} ${errmsg.length}` : bound.toString();
}

function tellBindByOk({ ok, bound, errmsg }: BindResult): string {
  return ok ? bound.toString() : errmsg.trim();
}

function tellDial({ nodeId, me, proxyFailed, errmsg }: DialResult): string {
  return nodeId === undefined ? `${proxyFailed.valueOf()} ${errmsg.trim()}` : `${nodeId.toFixed()} ${me.toString()}`;
}

function tellDialByError({ nodeId, errmsg }: DialResult): string {
  return errmsg === undefined ? nodeId.toFixed() : errmsg.trim();
}

it('narrows the parts of a bind', () => {
  const refused: BindResult = { ok: false, code: 'EADDRINUSE', errno: -98, syscall: 'bind', errmsg: 'taken' };
  expect([tellBind({ ok: true, bound: HERE }), tellBind(refused)]).toEqual(['127.0.0.1:7000', 'eaddrinuse 5']);
  expect([tellBindByOk({ ok: true, bound: HERE }), tellBindByOk(refused)]).toEqual(['127.0.0.1:7000', 'taken']);
});

it('narrows the parts of a dial', () => {
  const failed: DialResult = { nodeId: undefined, proxyFailed: false, code: 'connect-failed', errmsg: 'refused' };
  expect([tellDial({ nodeId: 1, me: HERE }), tellDial(failed)]).toEqual(['1 127.0.0.1:7000', 'false refused']);
  expect([tellDialByError({ nodeId: 1, me: HERE }), tellDialByError(failed)]).toEqual(['1', 'refused']);
});
