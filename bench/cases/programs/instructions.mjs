// What does a message take in user space, in instructions? Exact where rates swing: see lib/instructions.mjs for the job.
//
//   npm run bench -- --cases instructions
//
// Needs Valgrind and a C++ compiler. The kernel's part, which is most of a message, is not in these numbers, nor is what
// caches and branches cost.

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
