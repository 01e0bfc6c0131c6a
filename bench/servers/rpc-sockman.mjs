// `getconnectioncount` on `RpcServer`, with the methods of a node that has no peers. First line of output as http-epoll.c.

import { CHAIN_PARAMS } from '../../esm/p2p/index.js';
import { Connman, PeerManager } from '../../esm/connman.js';
import { HttpServer } from '../../esm/http.js';
import { RpcAuth, RpcServer, nodeMethods } from '../../esm/rpc.js';

const connman = new Connman({ chain: 'regtest', noConnect: true, listen: false });
await connman.start(new PeerManager());

const auth = new RpcAuth({ user: 'bench', password: 'bench' });
const rpc = new RpcServer({ auth, methods: nodeMethods({ chain: CHAIN_PARAMS.regtest, connman }) });
const server = rpc.attach(new HttpServer({ maxConnections: 1_000 }));
const [address] = server.start();
console.log(JSON.stringify({ port: address.port, version: `SockMan ${server.backendName}` }));
