// Serves one client while the poller fails. See failing-poller.test.ts.

import { connect } from 'node:net';
import { createSockMan } from '../../../esm/index.js';

const startedAt = performance.now();
const errors = [];
const quiet = () => {};
const sockMan = createSockMan(
  {
    eventGotData() {
      const waitedMs = performance.now() - startedAt;
      sockMan.interruptNet();
      sockMan.closeSockets();
      client.destroy();
      console.log(JSON.stringify({ waitedMs, errors }));
    },
  },
  { logger: { debug: quiet, info: quiet, warn: quiet, error: (text) => errors.push(text) } },
);
const { bound } = sockMan.bindAndStartListening('127.0.0.1:0');
sockMan.startSocketsThreads();
const client = connect(bound.port, bound.address.toString());
client.write('x');
