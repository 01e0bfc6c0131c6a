// An echo server in which each connection is a Node stream. `pipeline` minds both directions and every error: a stream that
// fails without a listener for `error` would end the process.
//
// Usage: node examples/echo-streams.mjs [ADDRESS]

import { pipeline } from 'node:stream';
import { createSockMan } from 'sockman';

const echo = createSockMan({
  eventNewConnectionAccepted(nodeId) {
    const stream = echo.duplex(nodeId);
    pipeline(stream, stream, (error) => {
      if (error) console.log(`node ${nodeId}: ${error.message}`);
    });
    return true;
  },
  // Never called: the streams own all connections.
  eventGotData() {},
});
const { bound, errmsg } = echo.bindAndStartListening(process.argv[2] ?? '127.0.0.1:7007');
if (bound === undefined) {
  console.error(errmsg);
} else {
  console.log(`echo at ${bound} on ${echo.backendName}`);
  echo.startSocketsThreads();
}
