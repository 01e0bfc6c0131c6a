// Drops a SockMan that listens, and waits for its collection. See process-kept-alive.test.ts.

import { createServer } from 'node:net';
import { createSockMan } from '../../../esm/index.js';

function drop() {
  const sockMan = createSockMan({ eventNewConnectionAccepted: () => true, eventGotData: () => {} });
  const { bound } = sockMan.bindAndStartListening('127.0.0.1:0');
  return { port: bound.port, weak: new WeakRef(sockMan) };
}

const { port, weak } = drop();
for (let pass = 0; pass < 100 && weak.deref() !== undefined; pass++) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  globalThis.gc();
}
/** Whether someone else can listen there: the finalizer runs some time after the collection. */
const canListen = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
let isFree = false;
for (let pass = 0; pass < 100 && !isFree; pass++) {
  globalThis.gc();
  await new Promise((resolve) => setTimeout(resolve, 1));
  isFree = await canListen();
}
console.log(`${weak.deref() === undefined ? 'collected' : 'kept'}, and the port is ${isFree ? 'free' : 'taken'}`);
