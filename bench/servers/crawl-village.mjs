// The village that the crawlers visit, in a process of its own: prints its address, and ends on request.
//
//   node bench/servers/crawl-village.mjs COUNT KIND [TELLS]

import { Village } from '../../esm/testing.js';

const [, , count, kind, tells = '250'] = process.argv;
const village = new Village({
  count: Number(count),
  mix: { [kind]: 1 },
  tells: Math.min(Number(tells), Number(count)),
});
village.start();
process.on('message', (message) => {
  if (message === 'usage') process.send({ cpu: process.cpuUsage(), visits: village.visitCount });
  if (message?.announce !== undefined) village.announce([{ type: 2, hash: new Uint8Array(32).fill(message.announce) }]);
  if (message === 'stop') void village.stop().then(() => process.exit());
});
process.send({ seed: String(village.seeds[0]) });
