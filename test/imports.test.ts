// The table of imports: the import lines of the sources, held against the tables of docs/architecture.md. The tables are the
// architecture: lower layers know nothing of the ones above, and the core needs nothing but Node.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..', 'ts');
const DOCUMENT = readFileSync(resolve(ROOT, '..', 'docs', 'architecture.md'), 'utf8');
const FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** The rows of the table with this heading: the first column, and the names in the second. */
function tableOf(heading: string): [string, string[]][] {
  const [, body] = DOCUMENT.split(`| ${heading} |\n|---|---|\n`);
  if (body === undefined) throw new Error(`docs/architecture.md has no table "${heading}"`);
  const rows = body.split('\n').slice(
    0,
    body.split('\n').findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) => {
    const [first, second] = row.split('|').slice(1);
    return [namesIn(first!)[0]!, namesIn(second!)];
  });
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
}

/** Module → modules it may import besides itself. A more specific path wins over a shorter one. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(tableOf('module | may import')),
  cli: FOLDERS,
};

/** Module → its rooms, each importing only from those before it. */
const ROOMS = tableOf('module | its rooms, in order');

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

  it('lets only the loader of the addon reach outside the sources', () => {
    const outside = imports.filter((line) => line.to.startsWith('.') && target(line).startsWith('..'));
    expect(new Set(outside.map(({ from }) => from))).toEqual(new Set(['sockman/backends/addon.ts']));
  });

  it('lets peerman see of connman only types', () => {
    const values = imports.filter(
      (line) => moduleOf(line.from) === 'peerman' && moduleOf(target(line)) === 'connman' && !line.isTypeOnly,
    );
    expect(values).toEqual([]);
  });

  it('needs nothing but Node and itself, stratum two audited packages, and the crawler some that are optional', () => {
    const foreign = imports.filter(({ to }) => !to.startsWith('.') && !to.startsWith('node:'));
    const packages = foreign.map(({ from, to }) => `${moduleOf(from)} imports ${to.split('/').slice(0, 2).join('/')}`);
    expect(new Set(packages)).toEqual(
      new Set([
        'stratum imports @noble/curves',
        'stratum imports @scure/base',
        'crawl imports hyparquet-writer',
        // Its page, which is bundled.
        'http/dashboard imports uplot',
        'crawl imports @nats-io/jetstream',
        'crawl imports @nats-io/kv',
        'crawl imports @nats-io/transport-node',
      ]),
    );
  });

  it('lets sources see of optional packages only types, and load them where they are needed', () => {
    const optional = imports.filter(({ from, to }) => moduleOf(from) === 'crawl' && !/^(\.|node:)/.test(to));
    expect(optional.length).toBeGreaterThan(0);
    expect(optional.filter(({ isTypeOnly }) => !isTypeOnly)).toEqual([]);
  });

  it('has the rooms of a module import in their order', () => {
    /** The room of a file, or the file itself where it stands beside the rooms. */
    const roomOf = (module: string, file: string): string => file.slice(module.length + 1).split(/[/.]/)[0]!;
    const offences = ROOMS.flatMap(([module, rooms]) => {
      // What the row does not name comes last.
      const placeOf = (file: string): number => {
        const place = rooms.indexOf(roomOf(module, file));
        return place === -1 ? rooms.length : place;
      };
      const inside = imports.filter(({ from, to }) => from.startsWith(`${module}/`) && to.startsWith('.'));
      expect(inside.length).toBeGreaterThan(0);
      return inside
        .filter((line) => target(line).startsWith(`${module}/`))
        .filter((line) => placeOf(target(line)) > placeOf(line.from))
        .map(({ from, to }) => `${from} imports ${to}`);
    });
    expect(offences).toEqual([]);
  });

  it('has no circle of files, type imports included', () => {
    const edges = new Map<string, string[]>();
    for (const line of imports) {
      if (!line.to.startsWith('.')) continue;
      edges.set(line.from, [...(edges.get(line.from) ?? []), target(line)]);
    }
    const done = new Set<string>();
    const walk = (file: string, path: readonly string[]): readonly string[] | undefined => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return undefined;
      for (const next of edges.get(file) ?? []) {
        const circle = walk(next, [...path, file]);
        if (circle !== undefined) return circle;
      }
      done.add(file);
      return undefined;
    };
    for (const file of files) expect(walk(file, [])).toBeUndefined();
  });

  it('knows every folder of the sources', () => {
    expect(FOLDERS.filter((name) => !(name in MAY_IMPORT))).toEqual([]);
  });
});
