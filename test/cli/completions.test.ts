import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../ts/cli/commands.ts';
import { command } from '../../ts/cli/commands/completions.ts';
import { UsageError } from '../../ts/cli/options.ts';
import { itUnless } from '../harness/backends.ts';
import { missingPrograms } from '../harness/labs/programs.ts';
import { Terminal, noTerminal } from '../harness/labs/terminal.ts';
import { outside } from '../harness/outside.ts';

async function script(shell: string): Promise<string> {
  const { io, lines } = outside();
  expect(await command.run([shell], io)).toBe(0);
  return lines.join('\n');
}

/** What bash offers behind these words. */
async function offered(...words: string[]): Promise<string[]> {
  const program = `${await script('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sockman; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', program, 'bash', 'sockman', ...words], { encoding: 'utf8', cwd: '/' })
    .trim()
    .split('\n');
}

describe('completions', () => {
  it('in bash are commands, then options, then their values', async () => {
    expect(await offered('')).toEqual([...Object.keys(COMMANDS), '--help', '--version']);
    expect(await offered('addr')).toEqual(['addrman']);
    expect(await offered('node', '--data')).toEqual(['--datadir']);
    expect(await offered('node', '--network', 'test')).toEqual(['testnet3', 'testnet4']);
    expect(await offered('node', '--v2transport', '')).toEqual(['0', '1']);
    expect(await offered('completions', 'z')).toEqual(['zsh']);
    expect(await offered('addrman', 'de')).toContain('dev');
    expect(await offered('dial', 'de')).toEqual(['']);
  });

  itUnless(missingPrograms({ fish: 'fish' }))('in fish are the same', async () => {
    const program = await script('fish');
    /** Without the descriptions. */
    const offer = (line: string): string[] =>
      execFileSync('fish', ['--no-config', '-c', `${program}\ncomplete -C "${line}"`], { encoding: 'utf8', cwd: '/' })
        .trim()
        .split('\n')
        .map((row) => row.split('\t')[0]!);
    expect(offer('sockman ')).toEqual(Object.keys(COMMANDS).sort());
    expect(offer('sockman --v')).toEqual(['--version']);
    expect(offer('sockman addr')).toEqual(['addrman']);
    expect(offer('sockman node --data')).toEqual(['--datadir']);
    expect(offer('sockman node --network test')).toEqual(['testnet3', 'testnet4']);
    expect(offer('sockman node --v2transport ')).toEqual(['0', '1']);
    expect(offer('sockman completions z')).toEqual(['zsh']);
    expect(offer('sockman addrman de')).toContain('dev/');
    expect(offer('sockman node --datadir /de')).toEqual(['/dev/']);
    expect(offer('sockman dial de')).toEqual(['']);
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const options = Object.keys((await load()).options).map((option) => `--${option}`);
      expect(offer(`sockman ${name} --`).sort()).toEqual([...options, '--help'].sort());
    }
  });

  itUnless(missingPrograms({ zsh: 'zsh' }) ?? noTerminal)('in zsh are the same, in a terminal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-zsh-'));
    const settings = [
      "PROMPT='%% '",
      'setopt no_list_ambiguous',
      'autoload -U compinit && compinit -D -u',
      await script('zsh'),
    ];
    await writeFile(join(folder, '.zshrc'), settings.join('\n'));
    const terminal = new Terminal(200, `cd /; ZDOTDIR='${folder}' zsh -i`);
    /** What the line becomes, which ends with a word of ours so that its blank shows; and what is shown below. */
    const comes = async (line: string, becomes: string, ...below: unknown[]): Promise<void> => {
      await expect.poll(() => terminal.screen, { timeout: 8_000 }).toEqual(['%']);
      terminal.type(line, 'Tab');
      if (below.length > 0) {
        await expect.poll(() => terminal.screen, { timeout: 8_000 }).toEqual([`% ${becomes}`, ...below]);
      } else {
        terminal.type('.');
        await expect.poll(() => terminal.screen, { timeout: 8_000 }).toEqual([`% ${becomes}.`]);
      }
      // The line is emptied, and then the screen.
      terminal.type('C-u', 'C-l');
    };
    try {
      await comes('sockman addr', 'sockman addrman ');
      await comes('sockman --v', 'sockman --version ');
      await comes('sockman node --data', 'sockman node --datadir=');
      await comes('sockman node --network test', 'sockman node --network testnet', 'testnet3  testnet4');
      await comes('sockman node --network mai', 'sockman node --network main ');
      await comes('sockman node --datadir=/de', 'sockman node --datadir=/dev/');
      await comes('sockman completions z', 'sockman completions zsh ');
      await comes('sockman addrman /de', 'sockman addrman /dev/');
      await comes('sockman dial /de', 'sockman dial /de');
      const names = Object.entries(COMMANDS).sort(([a], [b]) => (a < b ? -1 : 1));
      const width = Math.max(...names.map(([name]) => name.length));
      const described = names.map(([name, { summary }]) => `${name.padEnd(width)}  -- ${summary}`);
      await comes('sockman ', 'sockman', ...described);
    } finally {
      terminal.close();
      await rm(folder, { recursive: true });
    }
  });

  it('of another shell are refused', async () => {
    await expect(command.run(['basch'], outside().io)).rejects.toThrow(UsageError);
    await expect(command.run(['toString'], outside().io)).rejects.toThrow(UsageError);
  });
});
