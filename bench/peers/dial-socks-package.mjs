// The bench dial-socks5 on the npm package `socks`, whose entry file is the first argument. The others and the output are
// those of dial-socks5.c.

/** As in dial-socks5.c. */
const WARM_UP_DIALS = 10_000;

const { SocksClient } = await import(process.argv[2]);
const [proxyPort, targetPort, dials, window] = process.argv.slice(3).map(Number);
const request = {
  proxy: { host: '127.0.0.1', port: proxyPort, type: 5 },
  command: 'connect',
  destination: { host: '127.0.0.1', port: targetPort },
};

/** Keeps `window` dials in flight until `count` are done. */
async function dialAll(count) {
  let started = 0;
  const dialOn = async () => {
    while (started < count) {
      started += 1;
      const { socket } = await SocksClient.createConnection(request);
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: window }, dialOn));
}

await dialAll(Math.min(WARM_UP_DIALS, dials));
const cpu = process.cpuUsage();
const began = performance.now();
await dialAll(dials);
const seconds = (performance.now() - began) / 1_000;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ seconds, user: user / 1e6, system: system / 1e6 }));
