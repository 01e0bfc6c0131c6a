// Prints which backend serves, or the code of the error. Usage: node backend-name.mjs default|native|node-net

import { createSockMan } from '../../../esm/index.js';

const [backend] = process.argv.slice(2);
const sockMan = createSockMan({ eventGotData() {} }, backend === 'default' ? {} : { backend });
try {
  console.log(sockMan.backendName);
} catch (error) {
  console.log(error.code);
}
await sockMan[Symbol.asyncDispose]();
