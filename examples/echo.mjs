// An echo server that peers cannot fill: it reads from each only while nothing waits for them.
//
// Usage: node examples/echo.mjs [ADDRESS]

import { createSockMan } from 'sockman';

const echo = createSockMan({
  eventGotData: (nodeId, data) => void echo.queueBytes(nodeId, data),
  shouldTryToRecv: (nodeId) => echo.queuedBytesOf(nodeId) === 0,
});
const { bound, errmsg } = echo.bindAndStartListening(process.argv[2] ?? '127.0.0.1:7007');
if (bound === undefined) throw new Error(errmsg);
console.log(`echo at ${bound} on ${echo.backendName}`);
echo.startSocketsThreads();
process.once('SIGINT', () => void echo[Symbol.asyncDispose]());
