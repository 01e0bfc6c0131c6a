// Brings a SockMan to a stage of its life, and ends the process there: by process.exit, or by having nothing left to do.
// Usage: node stages.mjs STAGE exit|natural

import { once } from 'node:events';
import net from 'node:net';
import { setTimeout } from 'node:timers';
import { setImmediate as nextPass } from 'node:timers/promises';
import { createSockMan } from '../../../esm/index.js';

const [stage, how] = process.argv.slice(2);

function end() {
  if (how === 'exit') process.exit(0);
}

/** Ends inside a callback where the stage is one. */
const inside = (name) => () => {
  if (stage === name) end();
};

const sockMan = createSockMan({
  eventNewConnectionAccepted: () => {
    inside('inside-accept')();
    return true;
  },
  eventReadyToSend: () => false,
  eventGotData: inside('inside-data'),
  eventGotEOF: inside('inside-eof'),
});

const stages = {
  created() {},
  listening() {
    listen();
  },
  started() {
    listen();
    sockMan.startSocketsThreads();
  },
  'started-with-nothing-open'() {
    sockMan.startSocketsThreads();
    // Does not keep the process alive itself: the SockMan does.
    setTimeout(() => {
      console.log('alive');
      sockMan.interruptNet();
    }, 300).unref();
  },
  async connected() {
    await connect();
  },
  'mid-connect'() {
    const bound = listen();
    sockMan.startSocketsThreads();
    void sockMan.connectAndMakeNodeId(bound);
  },
  async 'mid-send'() {
    const { accepted } = await connect();
    const block = new Uint8Array(1 << 20);
    while (sockMan.sendBytes(accepted, block) === block.length);
  },
  async duplex() {
    const { accepted } = await connect();
    sockMan.duplex(accepted).write(new Uint8Array(1 << 24));
  },
  async 'inside-accept'() {
    await connect();
    await once(process, 'never');
  },
  async 'inside-data'() {
    const { peer } = await connect();
    peer.write('x');
    await once(process, 'never');
  },
  async 'inside-eof'() {
    const { peer } = await connect();
    peer.end();
    await once(process, 'never');
  },
  async interrupted() {
    await connect();
    sockMan.interruptNet();
  },
  async joined() {
    await connect();
    sockMan.interruptNet();
    await sockMan.joinSocketsThreads();
  },
  async closing() {
    const { accepted } = await connect();
    sockMan.sendBytes(accepted, new Uint8Array(1 << 20));
    sockMan.closeSockets();
  },
  async disposed() {
    const { peer } = await connect();
    await sockMan[Symbol.asyncDispose]();
    peer.destroy();
  },
};

function listen() {
  const result = sockMan.bindAndStartListening('127.0.0.1:0');
  if (!result.ok) throw new Error(result.errmsg);
  return result.bound;
}

/** A peer that reads nothing. */
async function connect() {
  const bound = listen();
  sockMan.startSocketsThreads();
  const peer = net.connect(bound.port, '127.0.0.1');
  peer.pause();
  await once(peer, 'connect');
  while (sockMan.connectionCount === 0) await nextPass();
  return { peer, accepted: 0 };
}

await stages[stage]();
end();
