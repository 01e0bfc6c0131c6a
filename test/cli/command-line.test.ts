import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../../ts/cli/commands.ts';
import { overview, manual } from '../../ts/cli/help.ts';
import { choice, flag, listenAddress, number, text, texts, wholeNumber, zeroOrOne } from '../../ts/cli/option-kinds.ts';
import { UsageError, parseCommandLine } from '../../ts/cli/options.ts';
import type { Option } from '../../ts/cli/options.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { COLOURED, PLAIN } from '../../ts/cli/terminal/style.ts';
import { WELL, noBuild, runChild } from '../harness/child.ts';

const LINE = {
  options: {
    name: text('NAME', 'a name'),
    peer: texts('PEER', 'peers'),
    json: flag('as JSON'),
    seconds: number('SECONDS', 'time', 0, 10),
    count: wholeNumber('N', 'how many', 1, 3),
    bind: listenAddress('ADDRESS', 'where'),
    colour: choice('COLOUR', ['red', 'green'], 'red', 'a colour'),
    v2: zeroOrOne(true, 'encryption'),
  },
  operands: [{ placeholder: 'FILE', help: 'the file' }],
};

const parse = (...args: string[]): unknown => parseCommandLine(LINE, args);
const complaintOf = (...args: string[]): string => {
  try {
    parse(...args);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
};

describe('a command line', () => {
  it('becomes values: what was not given is its default', () => {
    const values = {
      name: undefined,
      peer: [],
      json: false,
      seconds: undefined,
      count: undefined,
      bind: undefined,
      colour: 'red',
      v2: true,
    };
    expect(parse('f')).toEqual({ values, operands: ['f'] });
  });

  it('takes values behind a blank and behind an equals sign, the last of several, and all where several are meant', () => {
    const given = [
      '--name',
      'a',
      'f',
      '--name=-b',
      '--peer',
      '1',
      '--peer=2',
      '--json',
      '--seconds',
      '1.5',
      '--count',
      '3',
      '--bind',
      '[::1]:8',
      '--v2=0',
    ];
    const values = {
      name: '-b',
      peer: ['1', '2'],
      json: true,
      seconds: 1.5,
      count: 3,
      bind: Service.parse('[::1]:8'),
      colour: 'red',
      v2: false,
    };
    expect(parse(...given)).toEqual({ values, operands: ['f'] });
    expect(parse('--', '--json')).toMatchObject({ operands: ['--json'] });
  });

  it.each([
    ['no option --sconds; did you mean --seconds?', ['f', '--sconds', '1']],
    ['no option --quite-another', ['f', '--quite-another']],
    ['no option -x', ['f', '-x']],
    ['--name: NAME is missing', ['f', '--name']],
    ['--name: NAME is missing', ['f', '--name', '--json']],
    ["--json takes no value, got '1'", ['f', '--json=1']],
    ["--seconds: expected a number from 0 to 10, got '11'", ['f', '--seconds', '11']],
    ["--seconds: expected a number from 0 to 10, got ''", ['f', '--seconds=']],
    ["--count: expected a whole number from 1 to 3, got '1.5'", ['f', '--count', '1.5']],
    ["--count: expected a whole number from 1 to 3, got '4'", ['f', '--count', '4']],
    ["--count: expected a whole number from 1 to 3, got '0'", ['f', '--count', '0']],
    ["--bind: expected an address such as 127.0.0.1:8080, got '127.0.0.1:65536'", ['f', '--bind', '127.0.0.1:65536']],
    ["--bind: expected an address such as 127.0.0.1:8080, got '127.0.0.1'", ['f', '--bind', '127.0.0.1']],
    ["--bind: expected an address such as 127.0.0.1:8080, got 'localhost:1'", ['f', '--bind', 'localhost:1']],
    ["--colour: expected red or green, got 'gren'; did you mean green?", ['f', '--colour', 'gren']],
    ["--v2: expected 0 or 1, got 'yes'", ['f', '--v2', 'yes']],
    ['FILE is missing: the file', []],
    ["'g' is an unexpected argument", ['f', 'g']],
  ])('is refused with "%s"', (message, args) => {
    expect(complaintOf(...args)).toBe(message);
  });

  it('has no options but its own, whatever objects inherit', () => {
    expect(complaintOf('f', '--toString')).toBe('no option --toString');
    expect(complaintOf('f', '--__proto__', 'x')).toBe('no option --__proto__');
  });
});

describe('the commands', () => {
  it('take whole numbers only where something is counted', async () => {
    const fractional: string[] = [];
    for (const [command, { load }] of Object.entries(COMMANDS)) {
      for (const [name, option] of Object.entries((await load()).options)) {
        if (!/^(N|NUMBER)$/.test(option.placeholder ?? '') || !('read' in option)) continue;
        const { read } = option as Option<unknown>;
        try {
          if (read(name, ['1.5']) === 1.5) fractional.push(`${command} --${name}`);
        } catch (error) {
          expect((error as Error).message).toContain('whole number');
        }
      }
    }
    // A rate.
    expect(fractional).toEqual(['crawl --group-rate', 'monitor --group-rate']);
  });
});

describe('the help', () => {
  it('names every command, a line for each', () => {
    const lines = overview(COMMANDS, 0, PLAIN);
    for (const [name, { summary }] of Object.entries(COMMANDS)) {
      expect(lines.filter((line) => line.trim().startsWith(`${name} `) && line.endsWith(summary))).toHaveLength(1);
    }
  });

  it.each(Object.keys(COMMANDS))(
    'of %s names every option, has examples, and keeps to the width it is given',
    async (name) => {
      const command = await COMMANDS[name]!.load();
      const lines = manual(name, 'what it does', command, 72, PLAIN);
      for (const option of Object.keys(command.options)) expect(lines.join('\n')).toContain(`  --${option}`);
      expect(command.examples.length).toBeGreaterThan(0);
      const examples = command.examples.flat();
      const isExample = (line: string): boolean => examples.includes(line.trim());
      expect(lines.filter((line) => line.length > 72 && !isExample(line))).toEqual([]);
      expect(manual(name, 'what it does', command, 72, COLOURED).join('\n')).toContain('\x1b[1musage:\x1b[22m');
    },
  );
});

describe.skipIf(noBuild !== undefined)('sockman', () => {
  const sockman = (...args: string[]) => runChild('esm/cli/main.js', args);

  it('tells its version', async () => {
    for (const word of ['--version', '-V']) {
      const { stdout, ...rest } = await sockman(word);
      expect(rest).toEqual(WELL);
      expect(stdout).toMatch(/^sockman \d+\.\d+\.\d+\S* \(Node \d+\.\d+\.\d+\)\n$/);
    }
  });

  it('helps when asked in any of the usual ways', async () => {
    const overviews = await Promise.all([sockman('--help'), sockman('-h'), sockman('help')]);
    expect(new Set(overviews.map(({ stdout }) => stdout)).size).toBe(1);
    expect(overviews[0]).toMatchObject({ ...WELL, stdout: expect.stringContaining('commands:') as string });
    const manuals = await Promise.all([sockman('dial', '--help'), sockman('dial', '-h'), sockman('help', 'dial')]);
    expect(new Set(manuals.map(({ stdout }) => stdout)).size).toBe(1);
    expect(manuals[0].stdout).toContain('--timeout SECONDS');
  });

  it('says what was probably meant, and ends with 2', async () => {
    expect(await sockman('addrmna')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean addrman?') as string,
    });
    expect(await sockman('toString')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there are node') as string,
    });
    const misspelt = await sockman('dial', '--timout', '1', '127.0.0.1:1');
    expect(misspelt).toMatchObject({ status: 2, stdout: '' });
    expect(misspelt.stderr).toContain('did you mean --timeout?');
    expect(misspelt.stderr).toContain('sockman dial --help');
  });
});
