// A chat: what one says, all others get. Try it with `nc 127.0.0.1 7008`, twice.
//
// Usage: node examples/chat.mjs [ADDRESS]

import { createSockMan } from 'sockman';

/** @type {Set<number>} */
const members = new Set();
const chat = createSockMan({
  eventNewConnectionAccepted(nodeId) {
    members.add(nodeId);
    tellOthers(nodeId, Buffer.from(`* ${nodeId} is here\n`));
    return true;
  },
  eventGotData: (nodeId, data) => tellOthers(nodeId, Buffer.concat([Buffer.from(`${nodeId}: `), data])),
  eventConnectionClosed(nodeId) {
    members.delete(nodeId);
    tellOthers(nodeId, Buffer.from(`* ${nodeId} is gone\n`));
  },
});

/**
 * @param {number} from
 * @param {Uint8Array} data
 */
function tellOthers(from, data) {
  for (const member of members) {
    // Negative: a megabyte waits for somebody who does not read.
    if (member !== from && chat.queueBytes(member, data) < 0) chat.resetConnection(member);
  }
}

const { bound, errmsg } = chat.bindAndStartListening(process.argv[2] ?? '127.0.0.1:7008');
if (bound === undefined) throw new Error(errmsg);
console.log(`chat at ${bound}`);
chat.startSocketsThreads();
process.once('SIGINT', () => void chat[Symbol.asyncDispose]());
