// Serves 100 connections after the limit on descriptors was lowered to 50. See poll-under-lowered-limit.test.ts.

import { spawnSync } from 'node:child_process';
import { createSockMan } from '../../../esm/index.js';

const COUNT = 100;
let answers = 0;
let onAnswer = () => {};
const sockMan = createSockMan({
  eventNewConnectionAccepted: () => true,
  eventGotData(nodeId, data) {
    if (data[0] === 1) sockMan.sendBytes(nodeId, Uint8Array.of(2));
    else if (++answers === COUNT) onAnswer();
  },
});
const { bound } = sockMan.bindAndStartListening('127.0.0.1:0');
sockMan.startSocketsThreads();
const ids = [];
for (let count = 0; count < COUNT; count++) ids.push((await sockMan.connectAndMakeNodeId(bound)).nodeId);
spawnSync('prlimit', ['--pid', String(process.pid), '--nofile=50:']);
const all = new Promise((resolve) => (onAnswer = resolve));
for (const id of ids) sockMan.sendBytes(id, Uint8Array.of(1));
await Promise.race([all, new Promise((resolve) => setTimeout(resolve, 5_000))]);
console.log(`${answers} of ${COUNT} answered`);
sockMan.interruptNet();
sockMan.closeSockets();
process.exit();
