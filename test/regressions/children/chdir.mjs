// Listens at a relative path, goes elsewhere and ends. See unix-listener-files.test.ts.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSockMan } from '../../../esm/index.js';

const [folder, end] = process.argv.slice(2);
process.chdir(join(folder, 'first'));
const sockMan = createSockMan({ eventNewConnectionAccepted: () => true, eventGotData: () => {} });
const result = sockMan.bindAndStartListening('unix:s');
console.log(result.ok ? 'bound' : result.errmsg);
process.chdir(join(folder, 'second'));
if (end === 'stop') sockMan.stopListening();
if (end === 'replaced') {
  rmSync(join(folder, 'first', 's'));
  writeFileSync(join(folder, 'first', 's'), 'new');
}
