// Reads what a peer sends up to its EOF, and answers on the half of the connection that is still open.
// Try it with `nc -N 127.0.0.1 7009 < README.md`.
//
// Usage: node examples/half-close.mjs [ADDRESS]

import { createHash } from 'node:crypto';
import { createSockMan } from 'sockman';

/** @type {Map<number, import('node:crypto').Hash>} */
const hashes = new Map();
const server = createSockMan({
  eventNewConnectionAccepted(nodeId) {
    hashes.set(nodeId, createHash('sha256'));
    return true;
  },
  eventGotData: (nodeId, data) => void hashes.get(nodeId)?.update(data),
  eventGotEOF(nodeId) {
    server.queueBytes(nodeId, Buffer.from(`${hashes.get(nodeId)?.digest('hex')}\n`));
    // FIN goes behind the answer, and the socket closes once the peer has closed too.
    server.endConnection(nodeId);
  },
  eventConnectionClosed: (nodeId) => void hashes.delete(nodeId),
});
const { bound, errmsg } = server.bindAndStartListening(process.argv[2] ?? '127.0.0.1:7009');
if (bound === undefined) throw new Error(errmsg);
console.log(`hashes at ${bound}`);
server.startSocketsThreads();
process.once('SIGINT', () => void server[Symbol.asyncDispose]());
