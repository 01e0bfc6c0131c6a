// Fetches a page through Tor, by a circuit of its own, and tells each step on the way.
//
// Usage: node examples/tor-dial.mjs [HOST] [PORT] [PROXY]

import { createSockMan } from 'sockman';

const [host = 'example.com', port = '80', endpoint = '127.0.0.1:9050'] = process.argv.slice(2);
const sockMan = createSockMan({
  eventGotData: (nodeId, data) => void process.stdout.write(data.slice()),
  eventConnectionClosed: () => void sockMan[Symbol.asyncDispose](),
});
sockMan.startSocketsThreads();
const { nodeId, errmsg, code } = await sockMan.connectAndMakeNodeId(
  { host, port: Number(port) },
  { proxy: { endpoint, streamIsolation: true }, onStep: (step) => console.error(`… ${step}`) },
);
if (nodeId === undefined) {
  console.error(`${errmsg} [${code}]`);
  await sockMan[Symbol.asyncDispose]();
} else {
  sockMan.queueBytes(nodeId, Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
}
