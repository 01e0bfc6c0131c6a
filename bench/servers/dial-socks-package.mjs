// The bench dial-socks5 on the npm package `socks`, with its entry file as the first argument. The other arguments and the
// output are those of dial-socks5.c.

import { measureDials } from '../lib/dials.mjs';

const { SocksClient } = await import(process.argv[2]);
const [proxyPort, targetPort, dials, window] = process.argv.slice(3).map(Number);
const request = {
  proxy: { host: '127.0.0.1', port: proxyPort, type: 5 },
  command: 'connect',
  destination: { host: '127.0.0.1', port: targetPort },
};

async function dialOnce() {
  const { socket } = await SocksClient.createConnection(request);
  socket.destroy();
}

console.log(JSON.stringify(await measureDials(dialOnce, dials, window)));
