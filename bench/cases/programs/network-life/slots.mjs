// An attacker opens connections to a node whose inbound slots are all taken: how many slots does the attacker get, and which
// peers are evicted? The attacker's connections relay nothing and answer pings no quicker than the others.

import { AddrMan } from '../../../../modules/addrman/addr-man.js';
import { Service } from '../../../../modules/netaddr/service.js';
import { MemoryNetwork } from '../../../../modules/testing.js';
import { Village, addressesIn, isAttacker } from '../../../lib/village.mjs';
import { MINUTE_MS, STEP_MS, bookOptions, pass, startNode } from './world.mjs';

/** Another one than the village's, which listens everywhere. */
const PORT = 18_445;
const OUTBOUND_SLOTS = 11;

/** How long the honest peers have been connected when the attack begins. */
const BEFORE_MS = 5 * MINUTE_MS;

/** @param {{ honest: number, connections: number }} plan @param {number} seed @param {number} groups */
export async function attackSlots(plan, seed, groups) {
  const net = new MemoryNetwork({ seed });
  const place = new Service(addressesIn(1, 1, false)[0], PORT);
  const village = new Village(net);
  village.arrive([place.address]);
  const connman = await startNode(net, new AddrMan(bookOptions(net.clock, seed)), seed, {
    bind: [String(place)],
    noConnect: true,
    maxConnections: plan.honest + OUTBOUND_SLOTS,
  });
  const visit = async (address) => {
    void village.visit(address, place);
    await net.clock.settle();
  };
  // Each from another network.
  for (const address of addressesIn(plan.honest, plan.honest, false)) await visit(address);
  await pass(net, BEFORE_MS);
  for (const address of addressesIn(plan.connections, groups, true)) await visit(address);
  await pass(net, STEP_MS);
  const inbound = [...connman.nodes()].filter(({ isInbound }) => isInbound);
  const taken = inbound.filter(({ addr }) => isAttacker(addr.address)).length;
  await connman.stop();
  await village.leave();
  return { taken, honestLeft: inbound.length - taken };
}
