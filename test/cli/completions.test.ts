import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../ts/cli/commands.ts';
import { command } from '../../ts/cli/commands/completions.ts';
import { UsageError } from '../../ts/cli/options.ts';
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

  it('of fish and zsh name every option of every command', async () => {
    const [fish, zsh] = [await script('fish'), await script('zsh')];
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      for (const option of Object.keys((await load()).options)) {
        expect(fish).toContain(`__fish_seen_subcommand_from ${name}' -l ${option}`);
        expect(zsh).toContain(`--${option}`);
      }
    }
  });

  it('of another shell are refused', async () => {
    await expect(command.run(['basch'], outside().io)).rejects.toThrow(UsageError);
    await expect(command.run(['toString'], outside().io)).rejects.toThrow(UsageError);
  });
});
