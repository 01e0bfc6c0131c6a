// The measurement of most benches: every server of every case runs at the same time, and rounds go through all of them in
// turn, so that other load on the machine affects all alike. In a round one server is loaded and the others sleep. Each
// round begins with another peer.

import { descriptorLimit, runLoad, Server } from './processes.mjs';
import { median, spread } from './statistics.mjs';

/** Descriptors of a process besides its connections. */
const SPARE_DESCRIPTORS = 200;

/** Sizes of a smoke run. */
const SMOKE_CONNECTIONS = 20;
const SMOKE_IDLE = 200;

/**
 * The load of a case on this machine: smaller in a smoke run, and never more connections than descriptors.
 * @param {import('./types.mjs').Case} benchCase
 * @param {import('./types.mjs').Plan} plan
 * @returns {{ load: import('./types.mjs').Load, note?: string }}
 */
function fit(benchCase, plan) {
  const windowMs = plan.windowMs * (plan.isSmoke ? 1 : (benchCase.windows ?? 1));
  const load = { ...benchCase.load, warmupMs: plan.warmupMs, windowMs };
  const { connections = 1, idle = 0, slow = 0, flood = 0 } = load;
  if (plan.isSmoke) {
    load.connections = Math.min(connections, SMOKE_CONNECTIONS);
    load.idle = Math.min(idle, SMOKE_IDLE);
    return { load };
  }
  const room = descriptorLimit() - SPARE_DESCRIPTORS - connections - slow - flood;
  if (idle <= room) return { load };
  load.idle = Math.floor(room / 100) * 100;
  const shown = load.idle.toLocaleString('en');
  return {
    load,
    note: `with ${shown} idle: a process may open ${descriptorLimit().toLocaleString('en')} descriptors here`,
  };
}

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureTraffic(bench, plan, progress) {
  const runs = [];
  for (const benchCase of bench.cases ?? []) {
    const { load, note } = fit(benchCase, plan);
    const lanes = plan.peers.map(async (peer) => {
      const server = await Server.start(peer, bench.serverMode ?? 'echo');
      return { peer, server, reports: /** @type {import('./types.mjs').LoadReport[]} */ ([]), failure: '' };
    });
    runs.push({ benchCase, load, note, lanes: await Promise.all(lanes) });
  }
  for (let round = 0; round < plan.rounds; ++round) {
    for (const { benchCase, load, lanes } of runs) {
      for (let i = 0; i < lanes.length; ++i) {
        const lane = lanes[(i + round) % lanes.length];
        if (lane.failure !== '') continue;
        progress(`${benchCase.name}: round ${round + 1} of ${plan.rounds}, ${lane.peer.title}`);
        await attempt(lane, load);
      }
    }
  }
  const tables = runs.map((run) => tabulate(bench, run));
  for (const { lanes } of runs) for (const { server } of lanes) server.stop();
  compareCases(bench, tables);
  return tables;
}

/**
 * One round of one server. If another project's server fails, it leaves the case and is named there; a failure of ours ends
 * the run.
 */
async function attempt(lane, load) {
  try {
    lane.reports.push(await runLoad(lane.server, load));
  } catch (error) {
    const message = `${lane.peer.title}, ${load.mode}: ${error.message}`;
    if (lane.peer.isOurs || lane.peer.isYardstick) throw new Error(message, { cause: error });
    lane.failure = message;
  }
}

const rateOf = (report) => report.messages / report.seconds;
const cpuOf = (report) => report.serverCpuSeconds / report.messages;

/** The share of user space in the CPU time of all rounds: one round has too few samples. */
function userShare(reports) {
  const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
  return sum('serverUserTicks') / (sum('serverUserTicks') + sum('serverSystemTicks'));
}

/**
 * Medians over the rounds. A ratio is the median of the ratios of each round, against the C loop whose own median is
 * the better one: the faster for rates, the thriftier for CPU.
 */
function tabulate(bench, { benchCase, note, lanes: all }) {
  const lanes = all.filter(({ failure }) => failure === '');
  const notes = [note, ...all.map(({ failure }) => failure && `failed: ${failure}`)].filter(Boolean).join('; ');
  const yardsticks = lanes.filter(({ peer }) => peer.isYardstick);
  const fastest = yardsticks.toSorted((a, b) => median(b.reports.map(rateOf)) - median(a.reports.map(rateOf)))[0];
  const thriftiest = yardsticks.toSorted((a, b) => median(a.reports.map(cpuOf)) - median(b.reports.map(cpuOf)))[0];
  const rows = lanes.map(({ peer, reports }) => {
    const of = (value) => median(reports.map(value));
    return {
      peer: peer.name,
      title: peer.title,
      values: {
        rate: of(rateOf),
        spread: spread(reports.map(rateOf)),
        rateRatio: fastest && median(reports.map((report, i) => rateOf(report) / rateOf(fastest.reports[i]))),
        p50: of((report) => report.latencyNs.p50),
        p99: of((report) => report.latencyNs.p99),
        cpu: of(cpuOf),
        userCpu: of(cpuOf) * userShare(reports),
        systemCpu: of(cpuOf) * (1 - userShare(reports)),
        cpuRatio: thriftiest && median(reports.map((report, i) => cpuOf(report) / cpuOf(thriftiest.reports[i]))),
        serverUse: of((report) => report.serverCpuSeconds / report.seconds),
        loadUse: of((report) => report.loadCpuSeconds / report.seconds),
        residentBytes: of((report) => report.serverResidentBytes),
      },
    };
  });
  const { name, title, goal } = benchCase;
  return {
    bench: bench.name,
    case: name,
    title,
    columns: 'traffic',
    ...(notes && { note: notes }),
    ...(goal && { goal }),
    rows,
  };
}

/** Adds to each row how its rate compares with the same peer's in the case named by `comparedWith`. */
function compareCases(bench, tables) {
  for (const { name, comparedWith } of bench.cases ?? []) {
    if (comparedWith === undefined) continue;
    const base = tables.find((table) => table.case === comparedWith);
    for (const row of tables.find((table) => table.case === name)?.rows ?? []) {
      const other = base?.rows.find(({ peer }) => peer === row.peer);
      row.values.keptRate = row.values.rate / other?.values.rate;
    }
  }
}
