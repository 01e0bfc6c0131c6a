// TypeScript of the tests as one file that Node runs, with source maps. It lies in build/ and works from there: each module's
// `import.meta` is that of its source, and the addon is loaded from where it is.

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const ROOT = resolve(import.meta.dirname, '../../..');
/** What campaigns keep from one to the next: node-gyp empties build/. */
export const BUILD = join(ROOT, '.campaign');

/** Where the first campaign of a checkout begins: not where all others did. */
export const anySeed = () => Math.floor(Math.random() * 2 ** 31);

/** Where a module says where it is. */
const metaOfSource = {
  name: 'meta-of-source',
  setup(plugins) {
    plugins.onResolve({ filter: /\/load\.cjs$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path),
      external: true,
    }));
    plugins.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const contents = readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.filename', JSON.stringify(path));
      return { contents, loader: 'ts', resolveDir: dirname(path) };
    });
  },
};

/**
 * Writes `.campaign/NAME.cjs`.
 * @param {string} name @param {string} contents A module, which imports by paths from the root of the repository.
 * @returns {Promise<string>} The path of the file.
 */
export async function bundle(name, contents) {
  const outfile = join(BUILD, `${name}.cjs`);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    define: { SOCKMAN_VERSION: JSON.stringify(version) },
    plugins: [metaOfSource],
  });
  return outfile;
}
