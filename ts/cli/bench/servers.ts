// The echo servers that `sockman bench` compares, each a program for its own process: the same task on `SockMan`, on
// `node:net` and on Bun's own sockets. Each prints its port, and answers a line on standard input with the CPU time it has
// used.

import { createRequire } from 'node:module';

/** One server: its name, and how to start it. */
export interface EchoServer {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** Ends with its parent, and reports its CPU time in microseconds. */
const ANSWER_QUESTIONS = `
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ cpuMicros: user + system }));
}).on('end', () => process.exit());
const started = (port) => console.log(JSON.stringify({ port }));
`;

const onSockMan = (entry: string): string => `
const { SockMan } = require(${JSON.stringify(entry)});
class Echo extends SockMan {
  eventNewConnectionAccepted() { return true; }
  eventGotData(id, bytes) { this.queueBytes(id, bytes); }
  eventGotEOF(id) { this.closeConnection(id); }
  eventGotPermanentReadError(id) { this.closeConnection(id); }
  eventReadyToSend() { return false; }
}
const echo = new Echo();
const { bound } = echo.bindAndStartListening('127.0.0.1:0');
echo.startSocketsThreads();
started(bound.port);
`;

const ON_NODE_NET = `
const server = require('node:net').createServer({ noDelay: true }, (socket) => {
  socket.on('data', (bytes) => socket.write(bytes)).on('error', () => {});
});
server.listen(0, '127.0.0.1', 2048, () => started(server.address().port));
`;

const ON_BUN = `
const { port } = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: {
  open(socket) { socket.setNoDelay(true); },
  data(socket, bytes) {
    const sent = socket.data === undefined ? Math.max(0, socket.write(bytes)) : 0;
    if (sent < bytes.length) socket.data = Buffer.concat([socket.data ?? Buffer.alloc(0), bytes.subarray(sent)]);
  },
  drain(socket) {
    const sent = Math.max(0, socket.write(socket.data ?? new Uint8Array(0)));
    socket.data = sent < (socket.data?.length ?? 0) ? socket.data.subarray(sent) : undefined;
  },
} });
started(port);
`;

/** The servers to compare. @param bun - Bun's program; undefined if not installed. */
export function echoServers(bun: string | undefined): EchoServer[] {
  const entry = createRequire(import.meta.url).resolve('sockman');
  const inNode = (name: string, script: string): EchoServer => ({
    name,
    program: process.execPath,
    args: ['-e', ANSWER_QUESTIONS + script],
  });
  const servers = [inNode('sockman', onSockMan(entry)), inNode('node:net', ON_NODE_NET)];
  if (bun !== undefined) servers.push({ name: 'bun', program: bun, args: ['-e', ANSWER_QUESTIONS + ON_BUN] });
  return servers;
}
