// One part of a campaign, in a process of its own: `node part.mjs NAME SECONDS`, with a channel that the outcome is told over.

import { PARTS } from './parts/index.mjs';

const [name, seconds] = process.argv.slice(2);
const outcome = await PARTS[name].run({ seconds: Number(seconds) });
process.send(outcome, () => process.exit());
