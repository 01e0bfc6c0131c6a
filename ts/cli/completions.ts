// Scripts with which a shell completes commands and options, generated from the commands' declarations.

import type { Command, CommandEntry } from './command.ts';
import type { Completion } from './options.ts';

/** A command with its summary. */
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

/** For zsh: source it after `compinit`, or put it into a folder of `fpath` as `_sockman`. */
export function zshScript(commands: readonly NamedCommand[]): string[] {
  const perCommand = commands.map(([name, , { options, operands = [] }]) => {
    const specs = Object.entries(options).map(([option, { placeholder, completion, help }]) => {
      if (placeholder === undefined) return `--${option}[${zshText(help)}]`;
      return `*--${option}=[${zshText(help)}]:${zshText(placeholder)}:${zshAction(completion)}`;
    });
    for (const { placeholder, completion = 'nothing' } of operands) {
      specs.push(`:${zshText(placeholder)}:${zshAction(completion)}`);
    }
    specs.push('--help[explains the command]');
    return `    ${name}) _arguments ${specs.map(inSingleQuotes).join(' ')} ;;`;
  });
  const names = commands.map(([name, summary]) => inSingleQuotes(`${name}:${zshText(summary)}`));
  return [
    '#compdef sockman',
    '_sockman() {',
    `  local -a commands=(${names.join(' ')})`,
    '  if (( CURRENT == 2 )); then',
    '    if [[ $words[2] == -* ]]; then compadd -- --help --version; else _describe command commands; fi',
    '    return',
    '  fi',
    '  shift words; (( CURRENT-- ))',
    '  case $words[1] in',
    ...perCommand,
    '  esac',
    '}',
    'if [ "$funcstack[1]" = _sockman ]; then _sockman "$@"; else compdef _sockman sockman; fi',
  ];
}

/** For fish. */
export function fishScript(commands: readonly NamedCommand[]): string[] {
  const perCommand = commands.flatMap(([name, summary, { options, operands = [] }]) => [
    `complete -c sockman -n __fish_use_subcommand -f -a ${name} -d ${fishText(summary)}`,
    ...Object.entries(options).map(([option, { placeholder, completion, help }]) => {
      const value = placeholder === undefined ? '' : fishWords(completion);
      return `complete -c sockman -n '__fish_seen_subcommand_from ${name}' -l ${option}${value} -d ${fishText(help)}`;
    }),
    ...(operands[0]?.completion === 'file'
      ? []
      : [`complete -c sockman -n '__fish_seen_subcommand_from ${name}'${fishOperand(operands[0]?.completion)}`]),
  ]);
  return [
    ...perCommand,
    "complete -c sockman -l help -d 'explains the command'",
    "complete -c sockman -n __fish_use_subcommand -l version -d 'prints the version'",
  ];
}

function namesOf(commands: readonly NamedCommand[]): string {
  return commands.map(([name]) => name).join(' ');
}

function bashWords(completion: Completion): string {
  if (completion === 'file') return '-f';
  if (completion === 'folder') return '-d';
  return completion === 'nothing' ? "-W ''" : `-W '${completion.join(' ')}'`;
}

function zshAction(completion: Completion): string {
  if (completion === 'file') return '_files';
  if (completion === 'folder') return '_files -/';
  // A blank is an action, too: it offers nothing, and shows the placeholder.
  return completion === 'nothing' ? ' ' : `(${completion.join(' ')})`;
}

/** A text in a zsh description, where brackets and colons are special. */
function zshText(text: string): string {
  return text.replace(/[\\[\]:]/g, '\\$&');
}

/** A word in single quotes, for bash and zsh. */
function inSingleQuotes(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishWords(completion: Completion): string {
  if (completion === 'file') return ' -r -F';
  if (completion === 'folder') return " -x -a '(__fish_complete_directories)'";
  return completion === 'nothing' ? ' -x' : ` -x -a '${completion.join(' ')}'`;
}

/** Completions besides options; without `-f` the shell would offer files. */
function fishOperand(completion: Completion = 'nothing'): string {
  return Array.isArray(completion) ? ` -f -a '${completion.join(' ')}'` : ' -f';
}

/** A text in single quotes, for fish. */
function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
