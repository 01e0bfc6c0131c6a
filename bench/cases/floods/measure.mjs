// One attack against one target: memory before, at its peak and ten seconds after everybody left; CPU; the wait of honest
// peers; the delay of a timer; bytes taken; the time to stop.

import { sleep } from '../../lib/processes.mjs';
import { DEFAULT_SLOTS, HONEST_PEERS, attackOf } from './attacks.mjs';
import { missedGoals } from './goals.mjs';
import { ask, end, start } from './helpers.mjs';
import { socketCountOf, startBitcoind, startSockman, usageOf } from './targets.mjs';

const ATTACK_MS = 8_000;
const SETTLE_MS = 10_000;
const REST_MS = 500;
const SAMPLE_MS = 50;
/** Parts of a soak, each with a row: continuous growth is visible. */
const SOAK_PARTS = 4;
/** Outbound connections of a Core node, which are part of `maxConnections`. */
const OUTBOUND_SLOTS = 11;
/** Attackers of each kind in a smoke run, all at once, and its length. */
const SMOKE_PEERS = 3;
const SMOKE_MS = 1_000;
/** How long a busy machine may take to let an attacker in, in milliseconds. */
const SMOKE_LIMIT_MS = 30_000;

/** The times of an attack. @typedef {{ partMs: number, parts: number, restMs: number, settleMs: number }} Course */

/** @param {import('./attacks.mjs').Attack} attack @param {import('../../lib/types.mjs').Plan} plan @returns {Course} */
function courseOf({ kind }, { soakMinutes }) {
  const parts = kind === 'mix' ? SOAK_PARTS : 1;
  const partMs = kind === 'mix' ? (soakMinutes * 60_000) / parts : ATTACK_MS;
  return { partMs, parts, restMs: REST_MS, settleMs: SETTLE_MS };
}

/** @param {import('./attacks.mjs').Attack} attack @param {number} port */
function startAttackers({ name, peers, mix = [[name, peers]] }, port) {
  return mix.map(([attack, count]) => start('attackers.mjs', [String(port), `${attack}=${count}`]));
}

/**
 * One part of a running attack.
 * @param {Awaited<ReturnType<typeof startSockman>>} target
 * @param {import('node:child_process').ChildProcess} honest
 * @param {import('node:child_process').ChildProcess[]} attackers
 * @param {number} partMs
 */
async function watchPart(target, honest, attackers, partMs) {
  const before = usageOf(target.pid);
  let peakBytes = 0;
  const sampler = setInterval(() => {
    if (target.child.exitCode === null) peakBytes = Math.max(peakBytes, usageOf(target.pid).residentBytes);
  }, SAMPLE_MS);
  await sleep(partMs);
  clearInterval(sampler);
  const after = usageOf(target.pid);
  const { p50Ms, worstMs, lost } = await ask(honest, 'report');
  const lagMs = await target.worstLagMs();
  const reports = await Promise.all(attackers.map((child) => ask(child, 'report')));
  return {
    beforeBytes: before.residentBytes,
    peakBytes,
    cpu: (after.cpuSeconds - before.cpuSeconds) / (partMs / 1_000),
    p50Ms,
    worstMs,
    lagMs,
    takenBytes: reports.reduce((sum, { takenBytes }) => sum + takenBytes, 0),
    handshakes: reports.reduce((sum, { handshakes }) => sum + handshakes, 0),
    lost,
  };
}

/**
 * @param {import('./attacks.mjs').Attack} attack
 * @param {Awaited<ReturnType<typeof startSockman>>} target
 * @param {Course} course
 * @returns {Promise<Record<string, number | undefined>[]>} For each part.
 */
async function attacked(attack, target, { partMs, parts, restMs, settleMs }) {
  const idleSockets = socketCountOf(target.pid);
  const honest = start('honest.mjs', [String(target.port), String(HONEST_PEERS)]);
  const attackers = startAttackers(attack, target.port);
  try {
    while ((await ask(honest, 'ready')).readyCount < HONEST_PEERS) await sleep(50);
    await sleep(restMs);
    await ask(honest, 'report');
    await target.worstLagMs();
    for (const child of attackers) child.send('go');
    const seen = [];
    for (let part = 0; part < parts; part++) seen.push(await watchPart(target, honest, attackers, partMs));
    await Promise.all([...attackers, honest].map(end));
    await sleep(settleMs);
    const leftSockets = Math.max(0, socketCountOf(target.pid) - idleSockets);
    seen.push({ ...seen.pop(), leftBytes: usageOf(target.pid).residentBytes, leftSockets });
    return seen;
  } finally {
    await Promise.all([...attackers, honest].map(end));
  }
}

/** @param {import('./attacks.mjs').Attack} attack */
const connectionsFor = ({ kind, peers }) =>
  OUTBOUND_SLOTS +
  (['handshakes', 'poison'].includes(kind)
    ? DEFAULT_SLOTS
    : Math.max(DEFAULT_SLOTS, Math.min(peers, 500) + HONEST_PEERS));

/** The title of a row. @param {string} title @param {number} part @param {Course} course */
const partTitle = (title, part, { parts, partMs }) =>
  parts === 1 ? title : `${title}, until minute ${Math.round(((part + 1) * partMs) / 6_000) / 10}`;

/**
 * A smoke run shows only that everything runs: one node under all kinds of attack at once.
 * @param {import('../../lib/types.mjs').Bench} bench @param {import('./attacks.mjs').Attack[]} attacks
 * @returns {Promise<import('../../lib/types.mjs').Table[]>}
 */
async function smoke(bench, attacks) {
  const kinds = new Map(
    attacks.flatMap(({ name, mix = [[name]] }) => mix.map(([each]) => [each.replace(/-\d+$/, ''), each])),
  );
  const target = await startSockman(HONEST_PEERS + kinds.size * SMOKE_PEERS);
  const crowds = [...kinds.values()].map((name) => `${name}=${SMOKE_PEERS}`);
  const honest = start('honest.mjs', [String(target.port), String(HONEST_PEERS)]);
  const attackers = start('attackers.mjs', [String(target.port), ...crowds]);
  try {
    attackers.send('go');
    const deadlineMs = performance.now() + SMOKE_LIMIT_MS;
    let handshakes = 0;
    while (handshakes === 0 && performance.now() < deadlineMs)
      ({ handshakes } = await watchPart(target, honest, [attackers], SMOKE_MS));
    if (handshakes === 0) throw new Error('no attacker came in');
    await target.stop();
  } finally {
    await Promise.all([attackers, honest].map(end));
    target.kill();
  }
  return [{ bench: bench.name, case: bench.name, title: '', columns: 'floods', rows: [] }];
}

/**
 * @param {import('../../lib/types.mjs').Bench} bench
 * @param {import('../../lib/types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('../../lib/types.mjs').Table[]>}
 */
export async function measureFloods(bench, plan, progress) {
  const attacks = (bench.cases ?? []).map(({ name }) => attackOf(name.replace(/^floods-/, '')));
  if (plan.isSmoke) return smoke(bench, attacks);
  const targets = [{ name: 'sockman', title: 'ours', start: startSockman }];
  if (process.env.BITCOIND !== undefined) targets.push({ name: 'bitcoind', title: 'bitcoind', start: startBitcoind });
  const rows = [];
  for (const attack of attacks) {
    const course = courseOf(attack, plan);
    /** Results by target. @type {Record<string, Record<string, any>[]>} */
    const seen = {};
    for (const { name, title, start: startTarget } of targets) {
      progress(`${bench.name}: ${attack.title} against ${title}`);
      const target = await startTarget(connectionsFor(attack));
      try {
        const parts = await attacked(attack, target, course);
        parts.push({ ...parts.pop(), stopMs: await target.stop() });
        seen[name] = parts;
        for (const [part, values] of parts.entries()) {
          rows.push({ peer: name, title: `${partTitle(attack.title, part, course)}: ${title}`, values });
        }
      } catch (error) {
        // A target that ends under attack is the worst result, and does not end the bench.
        rows.push({ peer: name, title: `${attack.title}: ${title} (${error.message})`, values: {} });
      } finally {
        target.kill();
      }
    }
    const { sockman, bitcoind } = seen;
    sockman?.forEach((values, part) => (values.missed = missedGoals(values, bitcoind?.[part], attack.kind)));
  }
  const seconds = courseOf(attacks[0], plan).partMs / 1_000;
  const title = `${HONEST_PEERS} honest peers beside attackers, ${seconds} s each`;
  return [{ bench: bench.name, case: bench.name, title, columns: 'floods', rows }];
}
