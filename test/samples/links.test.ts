// Links of the README are read on the registry's page as well, where relative ones are dead.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from './samples.ts';

const { repository, homepage, bugs } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  repository: { url: string };
  homepage: string;
  bugs: string;
};
const HOME = repository.url.replace(/^git\+|\.git$/g, '');
const FILES = `${HOME}/blob/main/`;

const links = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\[[^\]]+\]\(([^)\s]+)\)/g)].map(
  ([, target]) => target!,
);

describe('the links of the README', () => {
  it('are absolute', () => {
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !link.startsWith('https://'))).toEqual([]);
  });

  it('lead to files that are there', () => {
    const files = links.filter((link) => link.startsWith(FILES)).map((link) => link.slice(FILES.length).split('#')[0]!);
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it('go to the place that package.json names', () => {
    expect(HOME).toMatch(/^https:\/\/github\.com\/[^/]+\/sockman$/);
    expect(homepage.startsWith(HOME)).toBe(true);
    expect(bugs.startsWith(HOME)).toBe(true);
    expect(
      links.filter((link) => link.includes('github.com') && link.includes('/blob/') && !link.startsWith(FILES)),
    ).toEqual([]);
  });
});
