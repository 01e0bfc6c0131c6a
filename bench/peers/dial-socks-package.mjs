// The bench dial-socks5 on the npm package `socks`, whose entry file is the first argument. The others and the output are
// those of dial-socks5.c.

const { SocksClient } = await import(process.argv[2]);
const [proxyPort, targetPort, dials, window] = process.argv.slice(3).map(Number);
const request = {
  proxy: { host: '127.0.0.1', port: proxyPort, type: 5 },
  command: 'connect',
  destination: { host: '127.0.0.1', port: targetPort },
};

let started = 0;
const dialOn = async () => {
  while (started < dials) {
    started += 1;
    const { socket } = await SocksClient.createConnection(request);
    socket.destroy();
  }
};
const began = performance.now();
await Promise.all(Array.from({ length: window }, dialOn));
console.log((performance.now() - began) / 1_000);
