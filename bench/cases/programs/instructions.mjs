// How many instructions does a message take in user space? Exact, where rates vary: see lib/instructions.mjs for the job.
//
//   npm run bench -- --cases instructions
//
// Needs Valgrind and a C++ compiler. These numbers contain neither the kernel's part, which is most of a message, nor the
// cost of caches and branches.

import { JOBS, instructionsPerMessage, whyNotCounted } from '../../lib/instructions.mjs';

const isSmoke = process.argv.includes('--smoke');
const why = whyNotCounted();
if (why !== undefined) {
  console.log(`Not counted: ${why}.`);
} else {
  console.log('User-space instructions of a message of 64 bytes, received and sent once (64 connections, one thread):');
  for (const job of isSmoke ? JOBS.slice(0, 1) : JOBS) {
    console.log(
      `  ${job.title.padEnd(20)} ${Math.round(instructionsPerMessage(job)).toLocaleString('en').padStart(7)}`,
    );
  }
}
