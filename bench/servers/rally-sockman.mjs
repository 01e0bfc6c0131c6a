// The rally on SockMan: a subclass as in sockman.mjs, which dials itself. See rally-epoll.c.
//
//   node rally-sockman.mjs MESSAGES [BACKEND]

import { SockMan } from '../../esm/index.js';

const BALLS = 64;
const MESSAGE = new Uint8Array(64);

let left = Number(process.argv[2]);
const [backend, poller] = process.argv[3]?.split('/') ?? [];

class Rally extends SockMan {
  eventNewConnectionAccepted() {
    return true;
  }

  eventGotData(nodeId, data) {
    // Bytes that the kernel does not take at once would be lost, and the run would never end.
    if (this.sendBytes(nodeId, data, false) !== data.length) throw new Error('the kernel did not take a message');
    if (--left === 0) this.close();
  }

  shouldTryToRecv() {
    return true;
  }

  eventReadyToSend() {
    return false;
  }

  eventGotEOF() {}

  eventGotPermanentReadError() {}
}

// By default a pass ends after 20 ms, which is short under an instrument.
const rally = new Rally({ passMs: 60_000, ...(backend && { backend }), ...(poller && { poller }) });
const { bound } = rally.bindAndStartListening('127.0.0.1:0');
rally.startSocketsThreads();
for (let ball = 0; ball < BALLS; ++ball) {
  const { nodeId } = await rally.connectAndMakeNodeId(bound);
  rally.sendBytes(nodeId, MESSAGE, false);
}
