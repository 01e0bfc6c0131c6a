// An echo server in a worker thread: says where it listens. `busy` makes its first data callback never return.

import { parentPort, workerData } from 'node:worker_threads';
import { createSockMan } from '../../../esm/index.js';

const sockMan = createSockMan({
  eventGotData(nodeId, data) {
    if (workerData.busy) {
      parentPort.postMessage('busy');
      for (;;);
    }
    sockMan.sendBytes(nodeId, data);
  },
});
const result = sockMan.bindAndStartListening('127.0.0.1:0');
if (!result.ok) throw new Error(result.errmsg);
sockMan.startSocketsThreads();
parentPort.postMessage(result.bound.port);
