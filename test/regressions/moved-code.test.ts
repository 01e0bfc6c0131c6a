// A bundler puts the code elsewhere. What lies beside the output was loaded as if it were the package's, or the first bind
// threw `Cannot find module`.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TRAP = "process.stdout.write('loaded a stranger\\n'); process.exit(1);";

describe.skipIf(noBuild !== undefined)('code outside its package', () => {
  let folder: string;

  /** A project with files where those of the package would be. */
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-moved-'));
    mkdirSync(join(folder, 'native'));
    writeFileSync(join(folder, 'native', 'load.cjs'), TRAP);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(format: 'esm' | 'cjs'): string {
    cpSync(join(ROOT, format), join(folder, 'dist'), { recursive: true });
    const file = join(folder, 'dist', format === 'esm' ? 'probe.mjs' : 'probe.cjs');
    const importing =
      format === 'esm'
        ? "import { createSockMan } from './index.js';"
        : "const { createSockMan } = require('./index.js');";
    writeFileSync(
      file,
      `${importing}
       const sockMan = createSockMan({ eventGotData() {} });
       console.log(sockMan.bindAndStartListening('127.0.0.1:0').ok, sockMan.backendName);
       console.log(sockMan.backendFallbackReason);
       sockMan.closeSockets();`,
    );
    if (format === 'esm') writeFileSync(join(folder, 'dist', 'package.json'), '{ "type": "module" }');
    return execFileSync(process.execPath, [file], { encoding: 'utf8' });
  }

  const manifests = {
    'without a package.json': undefined,
    "beside a stranger's package.json": '{ "name": "stranger", "version": "0.1.0" }',
    'beside another version of the package': '{ "name": "sockman", "version": "0.0.1" }',
    'beside a package.json that is none': '{',
  };

  describe.each(Object.entries(manifests))('%s', (_where, manifest) => {
    it.each(['esm', 'cjs'] as const)('runs on node-net and says why, as %s', (format) => {
      if (manifest !== undefined) writeFileSync(join(folder, 'package.json'), manifest);
      expect(run(format)).toBe('true node-net\na bundler moved the code out of its package\n');
    });
  });
});
