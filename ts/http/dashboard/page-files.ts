// The files of the page, in the package's folder `dashboard`: scripts/build-ts.mjs makes them from `page/`.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { SockManError } from '../../util/errors/errors.ts';

/** A file for the browser. */
export interface PageFile {
  readonly path: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/**
 * Reads them.
 *
 * @param folder - Their folder, if it is not the package's: needed when a bundler moved the code.
 * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: they are missing.
 */
export function readPageFiles(folder: string | undefined): PageFile[] {
  const places =
    folder === undefined ? ownPlaces() : ['index.html', 'app.js', 'style.css'].map((name) => join(folder, name));
  const [html, script, style] = places.map(readPageFile) as [Uint8Array, Uint8Array, Uint8Array];
  return [
    { path: '/dashboard', contentType: HTML, bytes: html },
    { path: '/dashboard/app.js', contentType: SCRIPT, bytes: script },
    { path: '/dashboard/style.css', contentType: STYLE, bytes: style },
  ];
}

/** Literal paths: scripts/build-ts.mjs shortens them for the bundles. */
function ownPlaces(): string[] {
  try {
    const require = createRequire(import.meta.url);
    return [
      require.resolve('../../../dashboard/index.html'),
      require.resolve('../../../dashboard/app.js'),
      require.resolve('../../../dashboard/style.css'),
    ];
  } catch (error) {
    throw missing(error);
  }
}

function readPageFile(place: string): Uint8Array {
  try {
    return readFileSync(place);
  } catch (error) {
    throw missing(error);
  }
}

function missing(cause: unknown): SockManError {
  const words = 'the page of the dashboard is not where the package has it: name its folder with the option pageFolder';
  return new SockManError('ERR_SOCKMAN_SYSTEM', words, { cause });
}
