// The pages that people read: everything in Markdown that belongs to the project.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

const FOLDERS = ['.', 'docs', 'docs/guides', 'docs/decisions', 'native', 'bench', '.github', '.github/ISSUE_TEMPLATE'];

/** Paths from the root, with `/`. */
export const pages: string[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => (folder === '.' ? file : `${folder}/${file}`)),
);

/** The text of a page. */
export const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

/** A page without its fenced blocks. */
export const proseOf = (page: string): string => textOf(page).replace(/^```.*?^```/gms, '');
