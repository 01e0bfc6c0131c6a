// Imports the files given, and looks at what that opened.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const isLinux = existsSync('/proc/self');
const before = { resources: process.getActiveResourcesInfo().sort(), ...look() };
for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href);
assert.deepEqual({ resources: process.getActiveResourcesInfo().sort(), ...look() }, before);

function look() {
  if (!isLinux) return {};
  return {
    threads: readdirSync('/proc/self/task').length,
    descriptors: readdirSync('/proc/self/fd').length,
    binaries: readFileSync('/proc/self/maps', 'utf8').includes('.node'),
  };
}
