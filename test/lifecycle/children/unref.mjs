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
    let letGo = () => {};
    const delivered = new Promise((resolve) => (letGo = resolve));
    const sockMan = await running({ eventGotData: (_nodeId, data) => letGo(Buffer.from(data).toString()) });
    sockMan.unref();
    const hold = setInterval(() => {}, 60_000);
    sockMan.sendBytes(0, Buffer.from('delivered'));
    console.log(await delivered);
    clearInterval(hold);
  },
  async 'held again'() {
    const sockMan = (await running()).unref().ref();
    // Timers that hold nothing: a loop that nothing holds ends at the first of them.
    for (let count = 0; count < 20; count++) await new Promise((resolve) => void setTimeout(resolve, 1).unref());
    console.log('still here');
    sockMan.unref();
  },
};

await scenes[scene]();
console.log(scene);
