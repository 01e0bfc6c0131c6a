// The page docs/node-options.md, made of the tables that `sockman node` reads its options by.

import { ABSENT_OPTIONS } from '../../ts/cli/config/absent-options.ts';
import { NODE_OPTIONS } from '../../ts/cli/config/node-options.ts';

const HEAD = `# Options of \`sockman node\`

Made from the tables in \`ts/cli/config/\`; \`npx vitest run test/docs/node-options -u\` writes it anew. How they are given, on the command line
and in a \`bitcoin.conf\`, is in [Run a node](guides/run-a-node.md).
`;

/** The text of the page. */
export function nodeOptionsPage(): string {
  const groups = new Map<string, string[]>();
  for (const [name, { placeholder, help, group = '', isPerChain }] of Object.entries(NODE_OPTIONS)) {
    const value = placeholder === undefined ? '' : `=${placeholder}`;
    const perChain = isPerChain === true ? '. In a file: in the section of the chain, or for main' : '';
    const row = `| \`-${name}${escaped(value)}\` | ${escaped(help)}${perChain} |`;
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  const sections = [...groups].map(([group, rows]) => `## ${group}\n\n| option | |\n|---|---|\n${rows.join('\n')}\n`);
  return `${HEAD}\n${sections.join('\n')}\n${absentSection()}`;
}

/** What Bitcoin Core has and the node has not, by reason. */
function absentSection(): string {
  const reasons = new Map<string, string[]>();
  for (const [name, { reason, isPassable }] of ABSENT_OPTIONS) {
    const key = `${escaped(reason)} | ${isPassable ? 'yes' : 'no'}`;
    reasons.set(key, [...(reasons.get(key) ?? []), `\`${name}\``]);
  }
  const rows = [...reasons].map(([key, names]) => `| ${names.join(' ')} | ${key} |`);
  return `## Options of Bitcoin Core that are refused

A value that asks for nothing (\`txindex=0\`, \`disablewallet=1\`) is taken: it says what is so anyway.

| option | because | \`--ignore-chain-options\` ignores it |
|---|---|---|
${rows.join('\n')}
`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}
