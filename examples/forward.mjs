// Forwards each connection to another address, and minds what forwarders get wrong: neither side is read from faster than
// the other takes it, an EOF goes on as an EOF while the other half stays open, and a reset goes on as a reset.
//
// Usage: node examples/forward.mjs TARGET [ADDRESS]

import { createSockMan } from 'sockman';

const [target, address = '127.0.0.1:7010'] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: node examples/forward.mjs TARGET [ADDRESS]');

/**
 * The other end of each connection, once there is one.
 * @type {Map<number, number>}
 */
const otherOf = new Map();
/** @type {Set<number>} */
const ended = new Set();

const forwarder = createSockMan({
  eventNewConnectionAccepted(nodeId) {
    void dialFor(nodeId);
    return true;
  },
  // Without another end, and while bytes wait for it, the kernel keeps what comes.
  shouldTryToRecv(nodeId) {
    const other = otherOf.get(nodeId);
    return other !== undefined && forwarder.queuedBytesOf(other) === 0;
  },
  eventGotData(nodeId, data) {
    const other = otherOf.get(nodeId);
    if (other !== undefined) forwarder.queueBytes(other, data);
  },
  eventReadyToSend(nodeId) {
    const other = otherOf.get(nodeId);
    if (other !== undefined) forwarder.wake(other);
    return false;
  },
  eventGotEOF(nodeId) {
    const other = otherOf.get(nodeId);
    if (other === undefined) return void forwarder.closeConnection(nodeId);
    ended.add(nodeId);
    if (!ended.has(other)) return void forwarder.shutdownSend(other);
    // Both have said all they had to say; what still waits goes first.
    forwarder.endConnection(nodeId);
    forwarder.endConnection(other);
  },
  eventGotPermanentReadError: (nodeId) => void forwarder.resetConnection(nodeId),
  eventConnectionClosed(nodeId, reason) {
    ended.delete(nodeId);
    const other = otherOf.get(nodeId);
    otherOf.delete(nodeId);
    if (other !== undefined && reason === 'error') forwarder.resetConnection(other);
  },
});

/** @param {number} nodeId */
async function dialFor(nodeId) {
  const dialed = await forwarder.connectAndMakeNodeId(target);
  if (dialed.nodeId === undefined) {
    console.error(dialed.errmsg);
    forwarder.resetConnection(nodeId);
    return;
  }
  // The peer may have left meanwhile.
  if (forwarder.addressesOf(nodeId) === undefined) return void forwarder.closeConnection(dialed.nodeId);
  otherOf.set(nodeId, dialed.nodeId).set(dialed.nodeId, nodeId);
  forwarder.wake(nodeId);
}

const { bound, errmsg } = forwarder.bindAndStartListening(address);
if (bound === undefined) throw new Error(errmsg);
console.log(`${bound} leads to ${target}`);
forwarder.startSocketsThreads();
process.once('SIGINT', () => void forwarder[Symbol.asyncDispose]());
