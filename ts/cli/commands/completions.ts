// `sockman completions`: prints a script for a shell's start-up file.

import { defineCommand } from '../command.ts';
import { COMMANDS } from '../commands.ts';
import { bashScript, fishScript, loadAll, zshScript } from '../completions.ts';
import { UsageError, didYouMean } from '../options.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
const SHELLS = Object.keys(SCRIPTS);

export const command = defineCommand(
  {
    options: {},
    operands: [{ placeholder: 'SHELL', help: SHELLS.join(', '), completion: SHELLS }],
    examples: [
      ['source <(sockman completions bash)', 'for ~/.bashrc; zsh likewise, in ~/.zshrc'],
      ['sockman completions fish > ~/.config/fish/completions/sockman.fish', 'for fish, once'],
    ],
  },
  async (_values, io, [shell = '']) => {
    if (!Object.hasOwn(SCRIPTS, shell)) {
      throw new UsageError(`expected one of ${SHELLS.join(', ')}, got '${shell}'${didYouMean(shell, SHELLS)}`);
    }
    const script = SCRIPTS[shell as keyof typeof SCRIPTS];
    for (const line of script(await loadAll(COMMANDS))) io.print(line);
    return 0;
  },
);
