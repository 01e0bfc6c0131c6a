// Bans. (Bitcoin Core src/rpc/net.cpp, setban, listbanned, clearbanned)

import { NetAddress } from '../../../../netaddr/net-address.ts';
import type { Subnet } from '../../../../netaddr/subnet.ts';
import { trySubnetNamed } from '../../../../netaddr/named-address.ts';
import { systemClock } from '../../../../util/time/clock.ts';
import { banManOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError, RpcUsageError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

export function banMethods(node: RpcNode): RpcMethod[] {
  return [setBan(node), listBanned(node), clearBanned(node)];
}

function setBan(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'setban',
    category: 'network',
    description: 'Bans an address or a subnet, or ends its ban. Peers connected from there are disconnected.',
    arguments: {
      subnet: {
        type: 'string',
        description: 'An address, or a subnet with the length of its prefix or an IPv4 netmask',
      },
      command: { type: 'string', description: "'add' bans, 'remove' ends a ban" },
      bantime: {
        type: 'integer',
        default: 0,
        min: Number.MIN_SAFE_INTEGER,
        max: Number.MAX_SAFE_INTEGER,
        description: 'How long, in seconds, or until when; 0 for the time that -bantime sets, a day if it sets none',
      },
      absolute: { type: 'boolean', default: false, description: 'bantime is a time, in seconds since 1970' },
    },
    result: { type: 'null' },
    examples: [
      ['192.168.0.6', 'add', 86_400],
      ['192.168.0.0/24', 'add'],
    ],
    async call({ subnet, command, bantime, absolute }) {
      if (command !== 'add' && command !== 'remove') throw new RpcUsageError();
      const banMan = banManOf(node);
      const target = targetOf(subnet, node.cjdnsReachable ?? false);
      if (command === 'add') ban(node, target, bantime, absolute);
      else if (!banMan.unban(target)) {
        throw invalid('Error: Unban failed. Requested address/subnet was not previously manually banned.');
      }
      // Saved before the answer, so that the ban survives a crash.
      await banMan.save();
      return null;
    },
  });
}

function ban(node: RpcNode, target: NetAddress | Subnet, seconds: number, isAbsolute: boolean): void {
  const banMan = banManOf(node);
  if (banMan.isBanned(target)) throw new RpcError(RPC_CODES.alreadyAdded, 'Error: IP/Subnet already banned');
  const nowSeconds = secondsNow(node);
  if (isAbsolute && seconds < nowSeconds) {
    throw new RpcError(RPC_CODES.invalidParameter, 'Error: Absolute timestamp is in the past');
  }
  // A ban until the current second is over at once.
  const isOver = isAbsolute && seconds === nowSeconds;
  if (!isOver && !banMan.ban(target, { seconds, isAbsolute })) {
    throw new RpcError(RPC_CODES.misc, 'Error: The list of bans is full');
  }
  node.connman?.disconnectNode(target, 'banned by the user');
}

/**
 * Parses the argument: with a slash a subnet, otherwise an address.
 * @throws {RpcError} −30: neither, or an invalid address.
 */
function targetOf(text: string, cjdnsReachable: boolean): NetAddress | Subnet {
  if (text.includes('/')) {
    const subnet = trySubnetNamed(text, cjdnsReachable);
    if (subnet !== undefined && !isNobody(subnet)) return subnet;
  } else {
    const address = NetAddress.tryParse(text);
    if (address?.isValid() === true) return cjdnsReachable ? address.toCJDNSIfInRange() : address;
  }
  throw invalid('Error: Invalid IP/Subnet');
}

/** An invalid address, given with all of its bits as prefix. */
function isNobody({ base, prefixBits }: Subnet): boolean {
  return prefixBits === base.bytes.length * 8 && !base.isValid();
}

function listBanned(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'listbanned',
    category: 'network',
    description: 'Lists the addresses and subnets that are banned.',
    result: {
      type: 'array',
      items: {
        type: 'object',
        fields: {
          address: { type: 'string', description: 'The address or subnet' },
          ban_created: { type: 'time', description: 'When it was banned' },
          banned_until: { type: 'time', description: 'When the ban ends' },
          ban_duration: { type: 'time', description: 'How long it is, in seconds' },
          time_remaining: { type: 'time', description: 'How long it still is, in seconds' },
        },
      },
    },
    examples: [[]],
    call() {
      const nowSeconds = secondsNow(node);
      return banManOf(node)
        .getBanned()
        .toSorted((a, b) => a.subnet.compare(b.subnet))
        .map(({ subnet, createdSeconds, untilSeconds }) => ({
          address: String(subnet),
          ban_created: createdSeconds,
          banned_until: untilSeconds,
          ban_duration: untilSeconds - createdSeconds,
          time_remaining: untilSeconds - nowSeconds,
        }));
    },
  });
}

function clearBanned(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'clearbanned',
    category: 'network',
    description: 'Ends all bans.',
    result: { type: 'null' },
    examples: [[]],
    async call() {
      const banMan = banManOf(node);
      banMan.clearBanned();
      await banMan.save();
      return null;
    },
  });
}

function secondsNow({ clock = systemClock }: RpcNode): number {
  return Math.floor(clock.wallTimeMs() / 1_000);
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidIpOrSubnet, message);
}
