// The file of a Unix-domain listener was removed by its name: node-net deleted a stranger's new file at the path, and after
// `chdir` a relative path left ours behind and, on node-net, deleted another's.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';

describeEachBackend('the file of a Unix-domain listener', (stage) => {
  const noFiles = stage.backend === 'memory' ? 'its paths are names that no file stands for' : undefined;

  itUnless(noFiles)('is removed with it', () => {
    const probe = stage.idleProbe();
    const at = stage.unixService();
    stage.listen(probe, at);
    expect(lstatSync(at.unixPath!).isSocket()).toBe(true);
    probe.stopListening(at);
    expect(existsSync(at.unixPath!)).toBe(false);
  });

  itUnless(noFiles)("is not taken for a stranger's that took its place", async () => {
    const probe = stage.idleProbe();
    const at = stage.unixService();
    const path = at.unixPath!;
    stage.listen(probe, at);
    unlinkSync(path);
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(path, resolve));
    const { ino } = lstatSync(path);
    probe.stopListening(at);
    expect(lstatSync(path).ino).toBe(ino);
    stranger.close();
  });

  itUnless(noFiles)('may be gone already, or be a directory now', () => {
    const probe = stage.idleProbe();
    for (const replace of [() => {}, (path: string) => mkdirSync(path)]) {
      const at = stage.unixService();
      stage.listen(probe, at);
      unlinkSync(at.unixPath!);
      replace(at.unixPath!);
      expect(probe.stopListening(at)).toBe(1);
    }
  });

  it('says so when its path is too long for a socket', () => {
    const folder = stage.unixService().unixPath!.replace(/[^/]*$/, '');
    const probe = stage.idleProbe();
    const longest = `unix:${folder}${'x'.repeat(107 - folder.length)}`;
    if (process.platform === 'linux') expect(probe.bindAndStartListening(longest).ok).toBe(true);
    expect(() => probe.bindAndStartListening(`${longest}x`)).toThrow(/107 bytes/);
  });
});

describe('a relative path', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-relative-'));
    mkdirSync(join(folder, 'first'));
    mkdirSync(join(folder, 'second'));
    writeFileSync(join(folder, 'second', 's'), 'a file of somebody else');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [name, env] of SYSTEM_BACKENDS) {
    for (const end of ['stop', 'exit']) {
      itUnless(noBuild)(`means the same after a chdir (${name}, ${end})`, async () => {
        const result = await runChild('test/regressions/children/chdir.mjs', [folder, end], { env });
        expect(result).toEqual({ ...WELL, stdout: 'bound\n' });
        expect(existsSync(join(folder, 'first', 's'))).toBe(false);
        expect(readFileSync(join(folder, 'second', 's'), 'utf8')).toBe('a file of somebody else');
      });
    }

    itUnless(noBuild)(`that a stranger has at exit stays (${name})`, async () => {
      const result = await runChild('test/regressions/children/chdir.mjs', [folder, 'replaced'], { env });
      expect(result).toEqual({ ...WELL, stdout: 'bound\n' });
      expect(readFileSync(join(folder, 'first', 's'), 'utf8')).toBe('new');
    });
  }
});
