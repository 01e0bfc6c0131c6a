// Every relative link of a page leads to a file, and to a heading where it names one.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, pages, proseOf, textOf } from './pages.ts';

/** As GitHub makes them: lower case, blanks to hyphens, no punctuation. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

const anchorsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

function isDead(page: string, link: string): boolean {
  if (/^(https?|mailto):/.test(link)) return false;
  const [path, anchor] = link.split('#') as [string, string?];
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== undefined && !(target.endsWith('.md') && anchorsOf(target).includes(anchor));
}

describe('links', () => {
  it.each(pages)('%s has no dead link', (page) => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    expect(links.filter((link) => isDead(page, link))).toEqual([]);
  });

  it('a page that is not there, or a heading, counts as dead', () => {
    expect([isDead('docs/README.md', 'nowhere.md'), isDead('docs/README.md', 'errors.md#nowhere')]).toEqual([
      true,
      true,
    ]);
    expect(isDead('docs/README.md', 'errors.md#dials-that-fail')).toBe(false);
  });

  it('every page of docs/ is reached from its index', () => {
    const index = textOf('docs/README.md');
    const missing = pages.filter((page) => page.startsWith('docs/') && !index.includes(`(${page.slice(5)})`));
    expect(missing.filter((page) => page !== 'docs/README.md' && page !== 'docs/architecture.md')).toEqual([]);
  });
});

/** Folders whose comments are looked at, and which hold the files that they name. */
const SOURCES = ['ts', 'test', 'bench', 'scripts', 'examples'];
const NAMED_FILE = /[\w./-]*[\w-]\.(?:ts|mjs|md)\b/g;

const filesOf = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));

describe('comments', () => {
  it('name only files that exist', () => {
    const sources = SOURCES.flatMap(filesOf);
    const known = new Set(
      [...readdirSync(ROOT), ...sources, ...filesOf('docs'), ...filesOf('native'), ...pages].map((path) =>
        basename(path),
      ),
    );
    const dead = sources
      .filter((path) => /\.(ts|mjs)$/.test(path))
      .flatMap((path) => {
        const comments = [...readFileSync(join(ROOT, path), 'utf8').matchAll(/(?:^|\s)(?:\/\/|\*|\/\*\*)(.*)$/gm)];
        return comments.flatMap(([, text]) => text!.match(NAMED_FILE) ?? []).map((name) => `${path}: ${name}`);
      })
      // Made by a run, and Bitcoin Core's.
      .filter((line) => !/: (build|doc)\//.test(line));
    expect(dead.filter((line) => !known.has(basename(line.split(': ')[1]!)))).toEqual([]);
  });
});
