// Stratum V2 in one process: a template provider on a chain in memory, and a client that gets its templates.
//
// Usage: node examples/sv2-templates.mjs

import { MockTemplateSource, Sv2Client, Sv2Connman, TemplateProvider, temporaryServerKeys } from 'sockman/stratum';

const server = new Sv2Connman({ keys: temporaryServerKeys() });
const { bound, errmsg } = server.bindAndStartListening('127.0.0.1:0');
if (bound === undefined) throw new Error(errmsg);
const provider = new TemplateProvider(server, new MockTemplateSource());
provider.start();

const { authorityX } = server;
const client = new Sv2Client({ server: { host: bound.address.toString(), port: bound.port, authorityX } });
client.on('connected', ({ address }) => console.log(`connected to ${address}`));
client.on('message', async (message) => {
  console.log(message.name);
  if (message.name !== 'SetNewPrevHash') return;
  await client.stop();
  await provider.stop();
});
client.start();
