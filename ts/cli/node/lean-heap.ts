// Makes V8 use little memory in a process that runs a node: 2 MB of room for new objects where it would take 32, and 2 MB of
// old garbage before it looks for some where it would wait for 8. (docs/floods.md)
//
// V8 lets the room for new objects grow to 32 MB when many are made, as under a flood, and does not give it back; what dies
// there costs nothing. A node's objects are few and short-lived: room of 2 MB is collected more often,
// in tenths of a millisecond. Measured under floods: a peak of 68 MB in place of 112 MB, at the same rate. (docs/floods.md)
//
// The flags are the process's, so that a library must not set them: programs of others may, with the same words on Node's
// command line (`docs/guides/bitcoin-node.md`).

import { setFlagsFromString } from 'node:v8';

/** See `node --v8-options`. V8 reads them whenever the heap grows, so they work after the start, too. */
const LEAN_HEAP_FLAGS: readonly string[] = [
  '--optimize-for-size',
  '--semi-space-growth-factor=1',
  '--incremental-marking-hard-trigger=25',
];

/** Sets the flags if the engine is V8 and has them; elsewhere the call does nothing. Call it before much is allocated. */
export function keepHeapLean(): void {
  if (process.versions['bun'] !== undefined || process.versions['deno'] !== undefined) return;
  for (const flag of LEAN_HEAP_FLAGS) setFlagsFromString(flag);
}
