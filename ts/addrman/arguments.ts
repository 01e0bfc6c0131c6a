// Checks of callers' arguments. Misuse throws before anything has changed.

import { Service } from '../netaddr/service.ts';
import { invalidArg, outOfRange } from '../util/errors/errors.ts';

/** Largest time that gossip and files can hold, in seconds: 32 bits. */
export const MAX_TIME = 0xffff_ffff;

const MAX_SERVICES = 0xffff_ffff_ffff_ffffn;

export function checkService(service: Service): void {
  if (!(service instanceof Service)) throw invalidArg('service', 'a Service', service);
}

export function checkServices(services: bigint): void {
  if (typeof services !== 'bigint') throw invalidArg('services', 'a bigint', services);
  if (services < 0n || services > MAX_SERVICES) throw outOfRange('services', '0..2^64-1', services);
}
