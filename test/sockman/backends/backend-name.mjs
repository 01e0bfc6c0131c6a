// Prints which backend serves, why not the addon, and what the logger was warned of; or the code of the error.
// Usage: node backend-name.mjs default|native|node-net [ADDON]

import { createSockMan } from '../../../esm/index.js';

const [name, addon] = process.argv.slice(2);
const nothing = () => {};
const logger = { debug: nothing, info: nothing, warn: (line) => console.log(`warning: ${line}`), error: nothing };
const sockMan = createSockMan(
  { eventGotData() {} },
  { logger, ...(name !== 'default' && { backend: name }), ...(addon !== undefined && { addon }) },
);
try {
  console.log(sockMan.backendName);
  if (sockMan.backendFallbackReason !== undefined) console.log(`reason: ${sockMan.backendFallbackReason}`);
} catch (error) {
  console.log(error.code);
}
await sockMan[Symbol.asyncDispose]();
