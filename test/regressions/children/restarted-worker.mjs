// A worker of a server with `reusePort`: greets each client. `pause` leaves new ones in its queue, `drain` ends it when they are
// served. See restart-turns-away.test.ts.

import { createSockMan } from '../../../esm/index.js';

const server = createSockMan(
  {
    eventNewConnectionAccepted(nodeId) {
      server.queueBytes(nodeId, Buffer.from(`served by ${process.pid}`));
      server.endConnection(nodeId);
      return true;
    },
    eventGotData() {},
  },
  { reusePort: true },
);
const { ok, bound, errmsg } = server.bindAndStartListening(process.argv[2]);
if (!ok) throw new Error(errmsg);
server.startSocketsThreads();
process.send(String(bound));
process.on('message', async (order) => {
  if (order === 'pause') {
    server.pauseAccepting();
    process.send('paused');
    return;
  }
  await server.drainListeners();
  await server[Symbol.asyncDispose]();
  process.disconnect();
});
