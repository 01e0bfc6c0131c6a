// Builds the package of a checkout from ts/: the compiler makes modules/, a file each, for benches that look inside; rollup
// makes esm/ and cjs/ of them, what ships. Opening and linking a file costs more than what most of ours say, so that there
// a whole layer is one file. Entries share the layers, and so a class is the same in all of them.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import ts from 'typescript';
import { buildPage } from './build-page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'modules');
const {
  exports: published,
  bin,
  dependencies,
  peerDependencies,
  version,
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

const CORE_ENTRY = 'index.js';

/** Folders of modules/ that make a file together. They import each other in one direction only (test/imports.test.ts). */
const LAYERS = {
  util: 'sockman-util',
  netaddr: 'sockman-util',
  p2p: 'sockman-p2p',
  storage: 'sockman-addrman',
  addrman: 'sockman-addrman',
  connman: 'sockman-connman',
  peerman: 'sockman-connman',
  tor: 'sockman-tor',
  http: 'sockman-http',
  'http/rpc': 'sockman-rpc',
  'http/dashboard': 'sockman-dashboard',
  stratum: 'sockman-stratum',
  crawl: 'sockman-crawl',
  'cli/command.js': 'cli/command',
  'cli/options.js': 'cli/command',
  'cli/option-kinds.js': 'cli/command',
};

/** Packages that are installed beside ours, and so are not part of the bundles. */
const FOREIGN = Object.keys({ ...dependencies, ...peerDependencies });

const isForeign = (id) => id.startsWith('node:') || FOREIGN.some((name) => id === name || id.startsWith(`${name}/`));

/** The same in a path of code and in one of declarations. */
const withoutExtension = (path) => path.replace(/(\.d)?\.[jt]s$/, '');

/** Where in modules/ a file lies, with slashes. */
const placeOf = (id) => relative(modules, id).split(sep).join('/');

/** Tells of a module which file it goes to; undefined leaves it to rollup, which puts it to what alone needs it. */
function chooseLayer(id, { getModuleInfo }) {
  if (coreModules(getModuleInfo).has(id)) return 'sockman-core';
  // Entries that only re-export would share a file, and each load what the other needs.
  return layerOf(id) ?? (getModuleInfo(id).isEntry ? withoutExtension(placeOf(id)) : undefined);
}

function layerOf(id) {
  const place = placeOf(id);
  const [folder, room] = place.split('/');
  return LAYERS[place] ?? LAYERS[`${folder}/${room}`] ?? LAYERS[folder];
}

/** All that `import 'sockman'` needs: one file, whatever folder it comes from. */
function coreModules(getModuleInfo) {
  const found = new Set();
  const visit = (id) => {
    if (found.has(id)) return;
    found.add(id);
    for (const imported of getModuleInfo(id).importedIds) if (imported.startsWith(modules)) visit(imported);
  };
  for (const imported of getModuleInfo(join(modules, CORE_ENTRY)).importedIds) visit(imported);
  return found;
}

/** Entry points by their place without extension, as package.json names them. */
function entries(targets) {
  return Object.fromEntries(
    targets.map((target) => {
      const place = withoutExtension(target.replace(/^\.\/(esm|cjs)\//, ''));
      return [place, join(modules, `${place}.js`)];
    }),
  );
}

async function bundle(format, targets, cache) {
  const outcome = await rollup({
    input: entries(targets),
    external: isForeign,
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
    // Nothing of ours does anything at import but to define (package.json says so too).
    treeshake: { moduleSideEffects: false },
    plugins: [
      { name: 'comments', transform: withoutComments },
      { name: 'package-paths', resolveImportMeta, renderChunk: shortenPaths },
      { name: 'ascii', renderChunk: escapeToAscii },
    ],
    cache,
  });
  await outcome.write({
    dir: join(root, format),
    format,
    // Besides layers there are only the commands, each loaded when it is asked for, and what they share.
    chunkFileNames: ({ name }) => (/^sockman-|\//.test(name) ? '[name].js' : 'cli/[name].js'),
    manualChunks: chooseLayer,
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    generatedCode: 'es2015',
  });
  return outcome.cache;
}

/**
 * Writes the declarations, a file for each layer, with what an entry reaches and nothing else. They lie in cjs/, once: a module
 * may import CommonJS, though not the other way round, and so those of esm/ name those of cjs/. The classes differ, as they do in
 * every package of both kinds; their types do not.
 */
async function bundleTypes(targets) {
  const input = Object.entries(entries(targets)).map(([place, file]) => [place, `${withoutExtension(file)}.d.ts`]);
  const outcome = await rollup({
    input: Object.fromEntries(input),
    external: isForeign,
    plugins: [dts(), { name: 'bare-imports', renderChunk: withoutBareImports }],
  });
  await outcome.write({
    dir: join(root, 'cjs'),
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name].d.ts',
    manualChunks: (id, { getModuleInfo }) => (getModuleInfo(id).isEntry ? undefined : (layerOf(id) ?? 'sockman-core')),
    hoistTransitiveImports: false,
    minifyInternalExports: false,
  });
  for (const [place] of input) {
    const file = join(root, 'esm', `${place}.d.ts`);
    mkdirSync(dirname(file), { recursive: true });
    const target = relative(dirname(file), join(root, 'cjs', `${place}.js`));
    writeFileSync(file, `export * from '${target.split(sep).join('/')}';\n`);
  }
}

/** Imports for their effect, which declarations do not have: with them each entry would read the types of all. */
function withoutBareImports(code) {
  return code.replace(/^import '[^']*';\n?/gm, '');
}

/** Code without its comments, which are a third of it: declarations keep theirs, and the repository has all of them. */
function withoutComments(code) {
  const { ESNext: target } = ts.ScriptTarget;
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { removeComments: true, target, module: ts.ModuleKind.ESNext },
  });
  return { code: outputText, map: null };
}

/** Where a CommonJS file lies is said by other words. */
function resolveImportMeta(property, { format }) {
  return property === 'url' && format === 'cjs' ? '__filename' : null;
}

/**
 * What the loader of the addon names relative to itself, from three folders deep in ts/ and modules/, lies beside the folder
 * of a bundle. Tools that list the files of a program read such paths: literal ones of a made `require` in ES modules, what
 * begins with `__dirname` in CommonJS.
 */
function shortenPaths(code, _chunk, { format }) {
  const path = /([\w$.]+)\('\.\.\/\.\.\/\.\.\/(package\.json|native\/load\.cjs|dashboard\/[a-z.]+)'\)/g;
  return code.replace(path, (_call, callee, file) =>
    format === 'es'
      ? `${callee}('../${file}')`
      : `${callee.replace(/^require[$\d]*/, 'require')}(__dirname + '/../${file}')`,
  );
}

/** Node reads a file of ASCII in half the time. Literals stay the same. */
function escapeToAscii(code) {
  // eslint-disable-next-line no-control-regex -- 0 to 127 is what ASCII is.
  return code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

for (const folder of ['modules', 'esm', 'cjs']) rmSync(join(root, folder), { recursive: true, force: true });
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });

const versionFile = join(modules, 'util', 'version.js');
writeFileSync(
  versionFile,
  readFileSync(versionFile, 'utf8').replace('= SOCKMAN_VERSION', `= ${JSON.stringify(version)}`),
);

const conditions = Object.values(published).filter((target) => typeof target === 'object');
const cache = await bundle('esm', [...conditions.map((target) => target.import.default), ...Object.values(bin)]);
const required = conditions.map((target) => target.require.default);
await bundle('cjs', required, cache);
await bundleTypes(required);
// The package itself is of type "module".
writeFileSync(join(root, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');

await buildPage();
