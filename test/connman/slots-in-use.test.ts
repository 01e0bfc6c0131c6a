// Slots of outbound connections through everything that can become of a dial: never too many, and all of them come back.

import { afterEach, describe, expect, it } from 'vitest';
import { AddrMan } from '../../ts/addrman/addr-man.ts';
import type { Connman } from '../../ts/connman/connman.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { uniformBelow } from '../../ts/util/random.ts';
import { seededUint32 } from '../helpers/seeded-uint32.ts';
import { World, WirePeer } from './world.ts';

const STEP_MS = 500;

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** How many more automatic connections can be had: all slots, once nobody has one. Leaves nothing open. */
async function freeSlots(connman: Connman): Promise<number> {
  const place = '99.0.0.1';
  let count = 0;
  for (let port = 1; ; port++) {
    world.listen(`${place}:${port}`);
    const dialed = connman.addConnection(`${place}:${port}`, 'feeler', false);
    await world.settle();
    if (!(await dialed)) return count;
    count++;
  }
}

describe('outbound slots', () => {
  it.each([1, 7, 8, 9, 10, 11, 12, 125])(
    'of at most %i connections are never exceeded, whatever becomes of dials, and free again at the end',
    async (maxConnections) => {
      const random = seededUint32(maxConnections);
      const { clock } = world.net;
      const addressBook = new AddrMan({ clock, random: seededUint32(2), key: new Uint8Array(32).fill(7) });
      // A third of the dials find nobody; the others somebody who answers, hangs up at some point, or never speaks.
      const faults = ['refused', 'silent', undefined, undefined, undefined, undefined] as const;
      world.net.faults = { connect: () => faults[uniformBelow(random, faults.length)] };
      const listeners = Array.from({ length: 60 }, (_, index) => {
        const place = `${20 + index}.7.1.1:18444`;
        const service = Service.parse(place);
        const timeSeconds = Math.floor(clock.wallTimeMs() / 1_000) - 3_600;
        // Some are said to know V2 and do not: they are dialed a second time, in the slot of the first.
        addressBook.add([{ service, services: index % 2 === 0 ? 9n : 2_057n, timeSeconds }], service.address);
        return world.listen(place);
      });
      const { connman } = world.make({ maxConnections, addressBook, random: seededUint32(5), dnsSeed: false });
      const manager = new PeerManager({ clock, addressBook, random: seededUint32(6) });
      manager.attach(connman);
      await connman.start(manager);
      const limit = Math.min(11, maxConnections);
      let most = 0;
      connman.on('outboundConnection', () => {
        const automatic = [...connman.nodes()].filter((node) => !node.isInbound && !node.isManual);
        most = Math.max(most, automatic.length);
      });
      const seen = new Set<object>();
      for (let passedMs = 0; passedMs < 150_000; passedMs += STEP_MS) {
        for (const socket of listeners.flatMap(({ peers }) => peers)) {
          if (uniformBelow(random, 3) !== 0) continue;
          const act = uniformBelow(random, 6);
          if (act === 0) socket.end();
          else if (act === 1) socket.reset();
          else if (act === 2) socket.send(Uint8Array.from({ length: 30 }, () => random() & 0xff));
          else if (!seen.has(socket)) new WirePeer(socket).greet();
          seen.add(socket);
        }
        const anyNode = [...connman.nodes()][uniformBelow(random, 20)];
        if (uniformBelow(random, 10) === 0) anyNode?.disconnect('at random');
        await world.pass(STEP_MS);
      }
      expect(most).toBeLessThanOrEqual(limit);
      expect(most).toBeGreaterThanOrEqual(Math.min(limit, 5));
      connman.setNetworkActive(false);
      await world.pass(5_000, STEP_MS);
      expect(connman.getNodeCount()).toBe(0);
      world.net.faults = {};
      for (const listener of listeners) listener.close();
      connman.setNetworkActive(true);
      expect(await freeSlots(connman)).toBe(limit);
    },
  );
});
