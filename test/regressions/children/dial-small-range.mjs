// Dials a port of a tiny ephemeral range until a dial met itself, then listens there. See dial-to-itself.test.ts.

import { createSockMan } from '../../../esm/index.js';

const sockMan = createSockMan({ eventNewConnectionAccepted: () => true, eventGotData: () => {} });
sockMan.startSocketsThreads();
const codes = new Set();
for (let count = 0; count < 200 && codes.size < 2; count++) {
  codes.add((await sockMan.connectAndMakeNodeId('127.0.0.1:40002')).code ?? 'connected');
}
const names = { 'connected-to-itself': 'itself', 'connection-refused': 'refused' };
const seen = [...codes].map((code) => names[code] ?? code).sort();
const bound = sockMan.bindAndStartListening('127.0.0.1:40002');
console.log(`${seen.join(' and ')}, then ${bound.ok ? 'bound' : bound.errmsg}`);
sockMan.interruptNet();
sockMan.closeSockets();
