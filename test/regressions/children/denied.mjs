// Binds and dials where Node's permission model allows no network. See denied-network.test.ts.

import { createSockMan } from '../../../esm/index.js';

const sockMan = createSockMan({ eventNewConnectionAccepted: () => true, eventGotData: () => {} });
sockMan.startSocketsThreads();
const words = [];
for (const at of ['127.0.0.1:0', 'unix:/tmp/sockman-denied']) {
  words.push(sockMan.bindAndStartListening(at).errmsg);
  words.push((await sockMan.connectAndMakeNodeId(at.replace(':0', ':1'))).errmsg);
}
console.log(words.map((text) => /E[A-Z]{3,}/.exec(text ?? 'none')?.[0] ?? text).join(' '));
sockMan.interruptNet();
sockMan.closeSockets();
