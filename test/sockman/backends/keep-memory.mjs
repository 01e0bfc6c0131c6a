// Tries to take the memory of received bytes away, and echoes to itself afterwards. See slab.test.ts.

import { createSockMan } from '../../../esm/index.js';

let keptCount = 0;
const sockMan = createSockMan({
  eventNewConnectionAccepted: () => true,
  eventGotData(nodeId, data) {
    try {
      structuredClone(data, { transfer: [data.buffer] });
    } catch {
      keptCount++;
    }
    const text = Buffer.from(data).toString();
    sockMan.interruptNet();
    sockMan.closeSockets();
    const where = typeof WebAssembly === 'undefined' ? 'no WebAssembly' : 'WebAssembly';
    console.log(`${where}: kept ${text === 'hello' ? keptCount : 'nothing'} of 1 messages`);
  },
});
const { bound } = sockMan.bindAndStartListening('127.0.0.1:0');
sockMan.startSocketsThreads();
const { nodeId } = await sockMan.connectAndMakeNodeId(bound);
sockMan.sendBytes(nodeId, Buffer.from('hello'));
