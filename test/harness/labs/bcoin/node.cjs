// A real bcoin full node on regtest, in a process of its own, driven by messages of its parent:
//
//   in   { connect: 'host:port' }   dials
//        { mine: count }            mines blocks; each is announced to the peers
//   out  { listening: port }        once
//        { peer: { host, agent, version, isOutbound } }   after each handshake
//        { mined: { hash, hex } }   after each block, hash as people read it
//        { packet: command }        for each message of a peer
//
// bcoin keeps everything in memory here and never opens its LevelDB, whose binding does not exist where packages are
// installed with scripts disabled.

'use strict';

const Module = require('node:module');
const { createServer } = require('node:net');

const load = Module._load;
Module._load = function loadWithoutLevelDb(request, ...rest) {
  return request === 'leveldown' ? {} : load.call(this, request, ...rest);
};
process.env.NODE_BACKEND = 'js';
const bcoin = require('bcoin');

const HOST = '127.0.0.1';

/** bcoin takes no port 0. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, HOST, () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function run() {
  const port = await freePort();
  const node = new bcoin.FullNode({
    network: 'regtest',
    memory: true,
    workers: false,
    logLevel: 'none',
    listen: true,
    host: HOST,
    port,
    publicHost: HOST,
    noDns: true,
    httpHost: HOST,
    httpPort: await freePort(),
  });
  node.on('error', (error) => process.send({ error: String(error) }));
  node.pool.on('peer open', (peer) => {
    process.send({
      peer: { host: peer.hostname(), agent: peer.agent, version: peer.version, isOutbound: peer.outbound },
    });
  });
  node.pool.on('packet', (packet) => process.send({ packet: packet.cmd }));
  // The first bytes of a V2 connection are so many broken V1 messages to bcoin. All peers here have one address: a ban for
  // one connection would be the end of all.
  node.pool.options.banScore = Infinity;
  await node.open();
  await node.connect();
  node.startSync();
  process.on('message', ({ connect, mine }) => {
    if (connect !== undefined) dial(node, connect);
    if (mine !== undefined) void mineBlocks(node, mine);
  });
  process.on('disconnect', () => process.exit(0));
  process.send({ listening: port });
}

function dial(node, hostname) {
  const address = bcoin.net.NetAddress.fromHostname(hostname, 'regtest');
  const peer = node.pool.createOutbound(address);
  node.pool.peers.add(peer);
}

async function mineBlocks(node, count) {
  for (let index = 0; index < count; index++) {
    const block = await node.miner.mineBlock();
    await node.chain.add(block);
    process.send({ mined: { hash: block.rhash(), hex: block.toRaw().toString('hex') } });
  }
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});
