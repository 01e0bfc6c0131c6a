// A running SockMan that is not to keep the process alive. See unref.test.ts.

import { createSockMan } from '../../../esm/index.js';

const [, , scene] = process.argv;

/** Two ends of a connection in one SockMan that runs; with hooks, its tick never rests. */
async function running(hooks = {}) {
  const sockMan = createSockMan({ eventGotData: () => {}, ...hooks });
  const { ok, bound, errmsg } = sockMan.bindAndStartListening('127.0.0.1:0');
  if (!ok) throw new Error(errmsg);
  sockMan.startSocketsThreads();
  await sockMan.connectAndMakeNodeId(bound);
  await new Promise((resolve) => setImmediate(resolve));
  return sockMan;
}

const scenes = {
  async 'with connections'() {
    (await running()).unref();
  },
  async 'with a tick that never rests'() {
    (await running({ eventIOLoopCompletedForNode: () => {}, eventIOLoopCompletedForAllPeers: () => {} })).unref();
  },
  async 'before the start'() {
    const sockMan = createSockMan({ eventGotData: () => {} });
    sockMan.unref();
    sockMan.bindAndStartListening('127.0.0.1:0');
    sockMan.startSocketsThreads();
  },
  async 'and still delivers while something else holds it'() {
    const sockMan = await running({ eventGotData: (_nodeId, data) => console.log(Buffer.from(data).toString()) });
    sockMan.unref();
    sockMan.sendBytes(0, Buffer.from('delivered'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  },
  async 'held again'() {
    (await running()).unref().ref();
    setTimeout(() => {
      console.log('still here');
      process.exit(0);
    }, 200).unref();
  },
};

await scenes[scene]();
console.log(scene);
