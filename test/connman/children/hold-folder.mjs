// Opens a data folder and keeps it until it is killed; says so, or why it cannot.
// Arguments: the folder.

import { openDataFolder } from '../../../esm/connman.js';
import { CHAIN_PARAMS } from '../../../esm/p2p/index.js';

try {
  await openDataFolder(process.argv[2], CHAIN_PARAMS.regtest);
  console.log('held');
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(`${error.code} ${error.message}`);
}
