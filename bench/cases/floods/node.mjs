// Our node under attack: `node node.mjs MAX_CONNECTIONS`. Tells its port when it listens; answers `lag` with the longest
// delay of a timer since the last answer, in milliseconds. Ends on SIGTERM as `sockman node` does.

import { AddrMan, Connman, PeerManager } from '../../../esm/connman.js';
import { keepHeapLean } from '../../../modules/cli/node/lean-heap.js';

keepHeapLean();

const maxConnections = Number(process.argv[2]);
const LAG_PROBE_MS = 10;

const addressBook = new AddrMan();
const connman = new Connman({
  network: 'regtest',
  bind: ['127.0.0.1:0'],
  noConnect: true,
  maxConnections,
  addressBook,
  localServices: 9n,
});
const peerManager = new PeerManager({ addressBook });
await connman.start(peerManager);

let worstLagMs = 0;
let expectedMs = performance.now() + LAG_PROBE_MS;
setInterval(() => {
  const nowMs = performance.now();
  worstLagMs = Math.max(worstLagMs, nowMs - expectedMs);
  expectedMs = nowMs + LAG_PROBE_MS;
}, LAG_PROBE_MS);

process.on('message', () => {
  process.send?.({ worstLagMs });
  worstLagMs = 0;
});
process.on('SIGTERM', () => {
  void connman.stop().then(() => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: connman.listeningAt[0].port });
