// Echoes to one client while the system has no memory for it. See out-of-socket-memory.test.ts.

import { connect } from 'node:net';
import { createSockMan } from '../../../esm/index.js';

const MESSAGE = 'hello';

const told = [];
const sockMan = createSockMan({
  eventGotData: (nodeId, data) => void sockMan.queueBytes(nodeId, data),
  eventGotEOF: (nodeId) => sockMan.endConnection(nodeId),
  eventGotPermanentReadError: (_nodeId, errmsg) => void told.push(errmsg),
});
const { bound, errmsg } = sockMan.bindAndStartListening('127.0.0.1:0');
if (bound === undefined) {
  console.log(JSON.stringify({ errmsg }));
} else {
  sockMan.startSocketsThreads();
  const startedAt = performance.now();
  const client = connect(bound.port, bound.address.toString()).setEncoding('latin1');
  client.end(MESSAGE);
  let echo = '';
  client.on('data', (text) => (echo += text));
  client.on('close', () => {
    const waitedMs = performance.now() - startedAt;
    console.log(JSON.stringify({ echo, told, waitedMs }));
    sockMan.interruptNet();
    sockMan.closeSockets();
  });
}
