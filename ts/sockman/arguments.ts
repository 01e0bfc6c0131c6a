// Argument checks of the public methods: a wrong argument throws before any system call.

import { Service, notAnEndpoint } from '../netaddr/service.ts';
import { invalidArg, outOfRange, shown } from '../util/errors/errors.ts';
import { SLOT_MASK } from './backends/backend.ts';
import { isBytes } from '../util/bytes/is-bytes.ts';

/** A node id as callers may pass it. Any number is allowed: an id that no connection has is unknown. */
export function checkNodeId(nodeId: unknown): asserts nodeId is number {
  if (typeof nodeId !== 'number') throw invalidArg('nodeId', 'a number', nodeId);
}

/** Most node ids in one call: as many as there can be connections. */
export const MAX_NODE_IDS = SLOT_MASK;

/** A list of node ids. */
export function checkNodeIds(nodeIds: unknown): asserts nodeIds is ArrayLike<number> {
  const length: unknown = typeof nodeIds === 'object' && nodeIds !== null && 'length' in nodeIds && nodeIds.length;
  if (typeof length !== 'number') throw invalidArg('nodeIds', 'an array of numbers', nodeIds);
  if (!Number.isInteger(length) || length < 0 || length > MAX_NODE_IDS) {
    throw outOfRange('nodeIds.length', `0 to ${MAX_NODE_IDS}`, length);
  }
}

/** Bytes to send. A detached buffer is refused; shared memory is sent as it stands at the time of the call. */
export function checkBytes(data: unknown): asserts data is Uint8Array {
  if (!isBytes(data)) throw invalidArg('data', 'a Uint8Array', data);
  if (data.length === 0) checkAttached(data);
}

function checkAttached(data: Uint8Array): void {
  try {
    // Node 20 has no ArrayBuffer.prototype.detached; every runtime refuses to make a view of a detached buffer.
    new Uint8Array(data.buffer);
  } catch {
    throw invalidArg('data', 'a Uint8Array whose buffer is attached', 'a detached one');
  }
}

/**
 * An address given as a `Service` (of this copy of the package or another) or as text.
 * @throws {TypeError} malformed; {RangeError} port outside 0..65535.
 */
export function toService(name: string, value: unknown): Service {
  if (value instanceof Service) return value;
  if (typeof value === 'string') {
    const service = Service.tryParse(value);
    if (service !== undefined) return service;
    throw notAnEndpoint(name, value);
  }
  if (typeof value === 'object' && value !== null && 'address' in value && 'port' in value) {
    const { port } = value;
    if (typeof port !== 'number') throw invalidArg(`${name}.port`, 'a number', port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw outOfRange(`${name}.port`, '0 to 65535', port);
    if (value.toString !== Object.prototype.toString) return Service.parse(String(value));
  }
  if (typeof value === 'number') throw notAnEndpoint(name, value);
  if (typeof value === 'object' && value !== null && 'port' in value) {
    const { host = '127.0.0.1', port } = value as { host?: unknown; port: unknown };
    throw invalidArg(name, `a Service or its text, such as '${shown(host).slice(1, -1)}:${shown(port)}'`, 'an object');
  }
  throw invalidArg(name, "a Service or its text, such as '127.0.0.1:7000'", value);
}
