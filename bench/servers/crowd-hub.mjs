// The measured process of p2p-crowd: holds connections, either as a bare SockMan or as a Bitcoin node with its peers. Run as
// `node --expose-gc crowd-hub.mjs bare|connman PEERS [hasty]` with a channel of messages; each `do` gets one answer. `hasty`
// announces transactions at once, instead of at the next moment for it, which is seconds away.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Connman, PeerManager } from '../../esm/connman.js';
import { Service, SockMan } from '../../esm/index.js';

const [kind, peerCount, haste] = [process.argv[2], Number(process.argv[3]), process.argv[4]];

/** Inventory type of a transaction by its wtxid. */
const WTX = 5;
/** Slots that Connman reserves for its own dials. */
const SPARE_SLOTS = 64;

class BareServer extends SockMan {
  connections = 0;

  eventNewConnectionAccepted() {
    this.connections++;
    return true;
  }

  eventGotData() {}

  eventReadyToSend() {
    return false;
  }

  eventGotEOF(nodeId) {
    this.connections--;
    this.closeConnection(nodeId);
  }

  eventGotPermanentReadError(nodeId) {
    this.eventGotEOF(nodeId);
  }
}

const bare = kind === 'bare' ? new BareServer() : undefined;
const connman = new Connman({
  chain: 'regtest',
  bind: ['127.0.0.1:0'],
  noConnect: true,
  maxConnections: peerCount + SPARE_SLOTS,
  whitelist: haste === undefined ? [] : ['noban@127.0.0.1'],
});
const peerManager = new PeerManager({ ignoreIncomingTxs: false });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Number of peers that can be told something. */
function readyCount() {
  let count = 0;
  connman.forEachNode(() => count++);
  return count;
}

async function listen() {
  if (bare === undefined) {
    await connman.start(peerManager);
    return { port: connman.listeningAt[0].port };
  }
  const { bound } = bare.bindAndStartListening(Service.parse('127.0.0.1:0'));
  bare.startSocketsThreads();
  return { port: bound.port };
}

/** Anonymous memory after garbage collection, with this many connections. */
async function countMemory({ connections }) {
  while ((bare === undefined ? connman.getNodeCount() : bare.connections) !== connections) await pause(20);
  while (bare === undefined && readyCount() !== connections) await pause(20);
  for (let pass = 0; pass < 4; pass++) {
    globalThis.gc();
    await pause(50);
  }
  const [, kilobytes] = /^Anonymous: +(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'));
  const { heapUsed, external } = process.memoryUsage();
  return { bytes: Number(kilobytes) * 1_024, liveBytes: heapUsed + external };
}

/** CPU time of this process so far. */
function countCpu() {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system };
}

/** Does everything once that will be measured, so that its code does not count as memory of a peer. */
async function warmUp() {
  if (bare === undefined) {
    relayInOnePass();
    await announceTransaction();
  }
  return {};
}

async function rest({ ms }) {
  const before = process.cpuUsage();
  const began = performance.now();
  await pause(ms);
  const { user, system } = process.cpuUsage(before);
  return { cpuShare: (user + system) / 1_000 / (performance.now() - began) };
}

/** Sends to all peers in one synchronous loop. */
function relayInOnePass() {
  const message = { type: 'inv', items: [{ type: WTX, hash: randomBytes(32) }] };
  const before = process.cpuUsage();
  const began = performance.now();
  connman.forEachNode((node) => peerManager.send(node.id, message));
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuUs: user + system };
}

/** Announces a transaction as a node does, at the moment that all inbound peers share. */
async function announceTransaction() {
  const expected = readyCount();
  let toldCount = 0;
  let began = 0;
  let before;
  const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers();
  const stop = connman.on('outboundMessage', ({ message }) => {
    if (message.type !== 'inv') return;
    if (toldCount === 0) [began, before] = [performance.now(), process.cpuUsage()];
    if (++toldCount < expected) return;
    const { user, system } = process.cpuUsage(before);
    resolve({ ms: performance.now() - began, cpuUs: user + system });
  });
  peerManager.announceTx({ txid: randomBytes(32), wtxid: randomBytes(32) });
  const measured = await promise;
  stop();
  return measured;
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

const TASKS = { listen, warmUp, countMemory, countCpu, rest, relayInOnePass, announceTransaction };
process.on('message', async (request) => process.send(await TASKS[request.do](request)));
process.on('disconnect', () => process.exit(0));
