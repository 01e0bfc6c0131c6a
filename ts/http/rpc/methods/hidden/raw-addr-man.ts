// The tables of the address book, slot by slot. (Bitcoin Core src/rpc/net.cpp, getrawaddrman)

import type { AddrMan } from '../../../../addrman/addr-man.ts';
import type { JsonInput } from '../../../json/json-value.ts';
import { addressBookOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { NETWORKS } from '../network/names.ts';

export function getRawAddrMan(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getrawaddrman',
    category: 'hidden',
    description: 'Shows every slot of the address book. What it shows may change with any release.',
    result: {
      type: 'map',
      key: 'table',
      values: {
        type: 'map',
        key: 'bucket/position',
        description: 'The slots of a table: new, tried',
        values: {
          type: 'object',
          description: 'The entry of a slot',
          fields: {
            address: { type: 'string', description: 'The address' },
            mapped_as: { type: 'integer', optional: true, description: 'Its autonomous system, where there is a map' },
            port: { type: 'integer', description: 'The port' },
            services: { type: 'integer', description: 'What the node offers' },
            time: { type: 'time', description: 'When it was last seen' },
            network: { type: 'string', description: `The network (${NETWORKS}) of the address` },
            source: { type: 'string', description: 'The address of the peer that told us' },
            source_network: { type: 'string', description: `The network (${NETWORKS}) of the source` },
            source_mapped_as: { type: 'integer', optional: true, description: 'The autonomous system of the source' },
          },
        },
      },
    },
    examples: [[]],
    call() {
      const book = addressBookOf(node);
      return { new: tableOf(book, false), tried: tableOf(book, true) };
    },
  });
}

function tableOf(book: AddrMan, isTried: boolean): JsonInput {
  const slots = book.getEntries(isTried).map(({ entry, position }) => {
    const { service, services, source, timeSeconds } = entry;
    const [mappedAs, sourceMappedAs] = [book.groups.asNumber(service.address), book.groups.asNumber(source)];
    const shown = {
      address: String(service.address),
      ...(mappedAs !== 0 && { mapped_as: mappedAs }),
      port: service.port,
      services,
      time: timeSeconds,
      network: service.address.getNetClass(),
      source: String(source),
      source_network: source.getNetClass(),
      ...(sourceMappedAs !== 0 && { source_mapped_as: sourceMappedAs }),
    };
    return [`${position.bucket}/${position.position}`, shown] as const;
  });
  return Object.fromEntries(slots);
}
