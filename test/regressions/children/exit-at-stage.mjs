// Brings a SockMan to a stage of its life and then does nothing more. See process-kept-alive.test.ts.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker, isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { createSockMan } from '../../../esm/index.js';

const stage = process.argv[2];
const make = () => createSockMan({ eventNewConnectionAccepted: () => true, eventGotData: () => {} });

function bind(sockMan, at = '127.0.0.1:0') {
  const result = sockMan.bindAndStartListening(at);
  if (!result.ok) throw new Error(result.errmsg);
  return result.bound;
}

async function connected(sockMan) {
  const bound = bind(sockMan);
  sockMan.startSocketsThreads();
  const { nodeId } = await sockMan.connectAndMakeNodeId(bound);
  await new Promise((resolve) => setImmediate(resolve));
  return nodeId;
}

const stages = {
  created: make,
  bound: () => bind(make()),
  'bound-unix': () => bind(make(), `unix:${join(mkdtempSync(join(tmpdir(), 'sockman-exit-')), 's')}`),
  interrupted() {
    const sockMan = make();
    bind(sockMan);
    sockMan.startSocketsThreads();
    sockMan.interruptNet();
  },
  async joined() {
    const sockMan = make();
    bind(sockMan);
    sockMan.startSocketsThreads();
    sockMan.interruptNet();
    await sockMan.joinSocketsThreads();
  },
  async connected() {
    const sockMan = make();
    await connected(sockMan);
    sockMan.interruptNet();
  },
  async closed() {
    const sockMan = make();
    const nodeId = await connected(sockMan);
    sockMan.sendBytes(nodeId, new Uint8Array(1_000));
    sockMan.closeConnection(nodeId);
    sockMan.interruptNet();
    sockMan.closeSockets();
  },
  'before-exit'() {
    const sockMan = make();
    bind(sockMan);
    process.on('beforeExit', () => void sockMan[Symbol.asyncDispose]());
  },
  worker() {
    if (!isMainThread) return bind(make());
    new Worker(fileURLToPath(import.meta.url), { argv: ['worker'] });
  },
};

await stages[stage]();
if (isMainThread) console.log(stage);
