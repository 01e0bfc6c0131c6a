// Who may import whom, read from the import lines themselves. The table is the architecture: lower layers know nothing of
// the ones above, and the core needs nothing but Node.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', 'ts');

/** Module → modules it may import besides itself. A more specific path wins over a shorter one. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  util: [],
  netaddr: ['util'],
  sockman: ['netaddr', 'util'],
  tor: ['sockman', 'netaddr', 'util'],
  p2p: ['netaddr', 'util'],
  storage: ['p2p', 'netaddr', 'util'],
  addrman: ['storage', 'p2p', 'netaddr', 'util'],
  connman: ['sockman', 'tor', 'p2p', 'addrman', 'storage', 'netaddr', 'util'],
  peerman: ['p2p', 'addrman', 'connman', 'netaddr', 'util'],
  http: ['sockman', 'netaddr', 'util'],
  'http/rpc': ['http', 'sockman', 'netaddr', 'util', 'p2p', 'storage', 'connman', 'addrman', 'peerman'],
  'http/metrics': ['http', 'sockman', 'netaddr', 'util', 'storage', 'connman', 'addrman', 'peerman'],
  'http/dashboard': ['http', 'sockman', 'netaddr', 'util', 'storage', 'connman', 'addrman', 'peerman'],
  stratum: ['sockman', 'p2p/bip324', 'storage', 'netaddr', 'util'],
  crawl: ['sockman', 'p2p', 'addrman/asmap', 'storage', 'netaddr', 'util'],
  cli: readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name),
};

interface Import {
  from: string;
  to: string;
  isTypeOnly: boolean;
}

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const statements = text.matchAll(/^(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  return [...statements].map(([, , type, to]) => ({ from: file, to: to!, isTypeOnly: type !== undefined }));
}

/** The module a file of `ts/` belongs to; undefined for the entry points beside the folders. */
function moduleOf(file: string): string | undefined {
  const names = Object.keys(MAY_IMPORT).sort((a, b) => b.length - a.length);
  return names.find((name) => file.startsWith(`${name}/`));
}

function target({ from, to }: Import): string {
  return relative(ROOT, resolve(ROOT, dirname(from), to));
}

describe('the import table', () => {
  it('finds the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it('lets a module import only what the table allows', () => {
    const offences = imports
      .filter(({ to }) => to.startsWith('.'))
      .filter((line) => {
        const own = moduleOf(line.from);
        const other = moduleOf(target(line));
        if (own === undefined || target(line).startsWith('..')) return false;
        if (other === own) return false;
        const allowed = MAY_IMPORT[own]!;
        return other === undefined || !allowed.some((name) => other === name || target(line).startsWith(`${name}/`));
      })
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(offences).toEqual([]);
  });

  it('lets only the native backend reach outside the sources', () => {
    const outside = imports.filter((line) => line.to.startsWith('.') && target(line).startsWith('..'));
    expect(new Set(outside.map(({ from }) => from))).toEqual(new Set(['sockman/backends/native.ts']));
  });

  it('lets peerman see of connman only types', () => {
    const values = imports.filter(
      (line) => moduleOf(line.from) === 'peerman' && moduleOf(target(line)) === 'connman' && !line.isTypeOnly,
    );
    expect(values).toEqual([]);
  });

  it('needs nothing but Node and itself, and stratum two audited packages', () => {
    const foreign = imports.filter(({ to }) => !to.startsWith('.') && !to.startsWith('node:'));
    const packages = foreign.map(({ from, to }) => `${moduleOf(from)} imports ${to.split('/').slice(0, 2).join('/')}`);
    expect(new Set(packages)).toEqual(new Set(['stratum imports @noble/curves', 'stratum imports @scure/base']));
  });

  it('has no cycle of values between files', () => {
    const edges = new Map<string, string[]>();
    for (const line of imports) {
      if (line.isTypeOnly || !line.to.startsWith('.')) continue;
      edges.set(line.from, [...(edges.get(line.from) ?? []), target(line)]);
    }
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const next of edges.get(file) ?? []) {
        const cycle = walk(next, [...path, file]);
        if (cycle !== undefined) return cycle;
      }
      done.add(file);
      return undefined;
    };
    for (const file of files) expect(walk(file, [])).toBeUndefined();
  });
});
