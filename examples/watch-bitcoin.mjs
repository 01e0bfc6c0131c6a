// Connects to a Bitcoin node and prints what it announces.
//
// Usage: node examples/watch-bitcoin.mjs [ADDRESS] [NETWORK]

import { Connman, PeerManager } from 'sockman/connman';
import { CHAIN_PARAMS, hashToHex } from 'sockman/p2p';

const [address = '127.0.0.1:18444', network = 'regtest'] = process.argv.slice(2);
const chain = Object.values(CHAIN_PARAMS).find(({ name }) => name === network);
if (chain === undefined) throw new Error(`no network ${network}`);

const connman = new Connman({ chain, connect: [address], listen: false });
const peers = new PeerManager({ ignoreIncomingTxs: false });
peers.on('peerReady', ({ node }) => console.log(`${node.addrName}: ${node.cleanSubVer}`));
peers.on('message:inv', ({ message }) => {
  for (const { type, hash } of message.items) console.log(type, hashToHex(hash));
});
peers.on('peerGone', ({ node }) => console.log(`${node.addrName} is gone`));
await connman.start(peers);
process.once('SIGINT', () => void connman.stop());
