// A village of honest nodes in a process of its own: prints its seed, and ends with its standard input.

import { Village } from '../../esm/testing.js';

const village = new Village({ count: Number(process.argv[2] ?? 2_000), mix: { both: 1 }, tells: 1_000 });
village.start();
console.log(String(village.seeds[0]));
process.stdin.resume().once('end', () => process.exit(0));
