// The bitcoind that BITCOIND names, on regtest and without peers, for the bench of RPC. First line of output as
// http-epoll.c, with the process id of the bitcoind.

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', 'results', 'bitcoind');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const options = [
  '-regtest',
  `-datadir=${folder}`,
  '-listen=0',
  '-connect=0',
  '-dnsseed=0',
  '-fixedseeds=0',
  '-natpmp=0',
];
const rpc = [
  '-server',
  '-rpcuser=bench',
  '-rpcpassword=bench',
  `-rpcport=${port}`,
  '-rpcbind=127.0.0.1',
  '-rpcallowip=127.0.0.1',
];
const child = spawn(process.env.BITCOIND, [...options, ...rpc], { stdio: 'ignore' });

/** Whether it answers. */
function isReady() {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getconnectioncount', params: [] });
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, method: 'POST', auth: 'bench:bench', agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text.includes('"result"')));
    });
    call.on('error', () => resolve(false)).end(body);
  });
}

while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 50));
console.log(JSON.stringify({ port, pid: child.pid, version: 'bitcoind' }));
