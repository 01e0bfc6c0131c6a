// One attack against one target: memory before, at its peak and ten seconds after everybody left; CPU; how long honest
// peers wait; how long a timer waits; how much was taken; how long it takes to stop.

import { sleep } from '../../lib/processes.mjs';
import { ATTACKS, DEFAULT_SLOTS, HONEST_PEERS } from './attacks.mjs';
import { ask, end, start } from './helpers.mjs';
import { startBitcoind, startSockman, usageOf } from './targets.mjs';

const ATTACK_MS = 8_000;
const SETTLE_MS = 10_000;
const SAMPLE_MS = 50;
/** Outbound connections of a node of Core, which are part of `maxConnections`. */
const OUTBOUND_SLOTS = 11;
/** In a smoke run: this many attackers for this long. */
const SMOKE_PEERS = 3;
const SMOKE_MS = 300;
const SMOKE_ATTACKS = ['ping-94', 'inv-full-94', 'getdata-50', 'handshakes', 'half-94'];

/**
 * @param {import('./attacks.mjs').Attack} attack
 * @param {Awaited<ReturnType<typeof startSockman>>} target
 * @param {{ peers: number, attackMs: number, settleMs: number }} plan
 */
async function attacked(attack, target, { peers, attackMs, settleMs }) {
  const honest = start('honest.mjs', [String(target.port), String(HONEST_PEERS)]);
  const attackers = start('attackers.mjs', [attack.name, String(target.port), String(peers)]);
  try {
    while ((await ask(honest, 'ready')).readyCount < HONEST_PEERS) await sleep(50);
    await sleep(Math.min(500, settleMs));
    await ask(honest, 'report');
    await target.worstLagMs();
    const before = usageOf(target.pid);
    let peakBytes = 0;
    const sampler = setInterval(() => {
      if (target.child.exitCode === null) peakBytes = Math.max(peakBytes, usageOf(target.pid).residentBytes);
    }, SAMPLE_MS);
    attackers.send('go');
    await sleep(attackMs);
    clearInterval(sampler);
    const after = usageOf(target.pid);
    const { p50Ms, worstMs, lost } = await ask(honest, 'report');
    const lagMs = await target.worstLagMs();
    const { takenBytes, handshakes } = await ask(attackers, 'report');
    await Promise.all([end(attackers), end(honest)]);
    await sleep(settleMs);
    const { residentBytes: leftBytes } = usageOf(target.pid);
    return {
      beforeBytes: before.residentBytes,
      peakBytes,
      leftBytes,
      cpu: (after.cpuSeconds - before.cpuSeconds) / (attackMs / 1_000),
      p50Ms,
      worstMs,
      lagMs,
      takenBytes,
      handshakes,
      lost,
    };
  } finally {
    await Promise.all([end(attackers), end(honest)]);
  }
}

/** @param {import('./attacks.mjs').Attack} attack */
const connectionsFor = ({ kind, peers }) =>
  OUTBOUND_SLOTS + (kind === 'handshakes' ? DEFAULT_SLOTS : Math.max(DEFAULT_SLOTS, peers + HONEST_PEERS));

/**
 * @param {import('../../lib/types.mjs').Bench} bench
 * @param {import('../../lib/types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('../../lib/types.mjs').Table[]>}
 */
export async function measureFloods(bench, plan, progress) {
  const names = new Set(plan.isSmoke ? SMOKE_ATTACKS : bench.cases?.map(({ name }) => name.replace(/^floods-/, '')));
  const targets = [{ name: 'sockman', title: 'ours', start: startSockman }];
  if (process.env.BITCOIND !== undefined && !plan.isSmoke) {
    targets.push({ name: 'bitcoind', title: 'bitcoind', start: startBitcoind });
  }
  const rows = [];
  for (const attack of ATTACKS.filter(({ name }) => names.has(name))) {
    for (const { name, title, start: startTarget } of targets) {
      progress(`${bench.name}: ${attack.title} against ${title}`);
      const target = await startTarget(connectionsFor(attack));
      try {
        const peers = plan.isSmoke ? Math.min(attack.peers, SMOKE_PEERS) : attack.peers;
        const attackMs = plan.isSmoke ? SMOKE_MS : ATTACK_MS;
        const values = await attacked(attack, target, { peers, attackMs, settleMs: plan.isSmoke ? 0 : SETTLE_MS });
        const stopMs = await target.stop();
        rows.push({ peer: name, title: `${attack.title}: ${title}`, values: { ...values, stopMs } });
      } catch (error) {
        // A target that ended under attack is the worst result there is, and no reason to end the bench.
        if (plan.isSmoke) throw error;
        rows.push({ peer: name, title: `${attack.title}: ${title} (${error.message})`, values: {} });
      } finally {
        target.kill();
      }
    }
  }
  const title = `${HONEST_PEERS} honest peers beside attackers, ${ATTACK_MS / 1_000} s each`;
  return [{ bench: bench.name, case: bench.name, title, columns: 'floods', rows }];
}
