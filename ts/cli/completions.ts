// Scripts that have a shell complete our commands and options, made of what the commands declare.

import type { Command } from './command.ts';
import type { CommandEntry } from './commands.ts';
import type { Completion } from './options.ts';

/** A command with what its table says of it. */
export type NamedCommand = readonly [name: string, summary: string, command: Command];

/** Loads every command. */
export function loadAll(commands: Readonly<Record<string, CommandEntry>>): Promise<NamedCommand[]> {
  return Promise.all(
    Object.entries(commands).map(async ([name, { summary, load }]) => [name, summary, await load()] as const),
  );
}

/** For bash. */
export function bashScript(commands: readonly NamedCommand[]): string[] {
  const reply = (what: string): string => `COMPREPLY=($(compgen ${what} -- "$cur"))`;
  const values = commands.flatMap(([name, , { options }]) =>
    Object.entries(options)
      .filter(([, { placeholder }]) => placeholder !== undefined)
      .map(([option, { completion }]) => `    '${name} --${option}') ${reply(bashWords(completion))}; return ;;`),
  );
  const rest = commands.map(([name, , { options, operands = [] }]) => {
    const words = ['help', ...Object.keys(options)].map((option) => `--${option}`).join(' ');
    const operand = bashWords(operands[0]?.completion ?? 'nothing');
    return `    ${name}) case "$cur" in -*) ${reply(`-W '${words}'`)} ;; *) ${reply(operand)} ;; esac ;;`;
  });
  return [
    '_sockman() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"',
    `  if [ "$COMP_CWORD" -eq 1 ]; then ${reply(`-W '${namesOf(commands)} --help --version'`)}; return; fi`,
    '  case "${COMP_WORDS[1]} $prev" in',
    ...values,
    '  esac',
    '  case "${COMP_WORDS[1]}" in',
    ...rest,
    '  esac',
    '}',
    'complete -o filenames -F _sockman sockman',
  ];
}

/** For zsh, which takes what is made for bash. */
export function zshScript(commands: readonly NamedCommand[]): string[] {
  return ['autoload -U +X bashcompinit && bashcompinit', ...bashScript(commands)];
}

/** For fish. */
export function fishScript(commands: readonly NamedCommand[]): string[] {
  const perCommand = commands.flatMap(([name, summary, { options, operands = [] }]) => [
    `complete -c sockman -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...Object.entries(options).map(([option, { placeholder, completion, help }]) => {
      const value = placeholder === undefined ? '' : fishWords(completion);
      return `complete -c sockman -n '__fish_seen_subcommand_from ${name}' -l ${option}${value} -d ${quoted(help)}`;
    }),
    ...(operands[0]?.completion === 'file' ? [] : [`complete -c sockman -n '__fish_seen_subcommand_from ${name}' -f`]),
  ]);
  return perCommand;
}

function namesOf(commands: readonly NamedCommand[]): string {
  return commands.map(([name]) => name).join(' ');
}

function bashWords(completion: Completion): string {
  if (completion === 'file') return '-f';
  if (completion === 'folder') return '-d';
  return completion === 'nothing' ? "-W ''" : `-W '${completion.join(' ')}'`;
}

function fishWords(completion: Completion): string {
  if (completion === 'file') return ' -r -F';
  if (completion === 'folder') return " -x -a '(__fish_complete_directories)'";
  return completion === 'nothing' ? ' -x' : ` -x -a '${completion.join(' ')}'`;
}

/** A text in single quotes, for fish. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
