// Packs the package and uses it as a stranger would: installed with scripts disabled into an empty project, from ES modules
// and CommonJS, with types; then what publint and attw say of it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Largest binary that may ship, in bytes: small enough to carry several platforms in one tarball. */
const MAX_BINARY_BYTES = 150 * 1024;

const root = fileURLToPath(new URL('..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'sockman-package-'));
const project = join(work, 'project');

const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
const bin = (name) => join(root, 'node_modules', '.bin', name);

const ECHO = `
const echo = createSockMan({ eventGotData: (id, data) => void echo.sendBytes(id, data) });
const { bound } = echo.bindAndStartListening('127.0.0.1:0');
echo.startSocketsThreads();
const socket = connect(bound.port, bound.address.toString(), () => socket.write('hello'));
socket.on('data', (data) => {
  console.log(echo.backendName, String(data));
  socket.destroy();
  echo.interruptNet();
  echo.closeSockets();
});
`;

/** A class is the same whatever entry it comes from, and so `instanceof` holds. Both module systems run this. */
const IDENTITY = `
const same = {
  connman: connman.FileError.prototype instanceof sockman.SockManError,
  p2p: p2p.NO_VERSION_ADDRESS.service instanceof sockman.Service,
  tor: tor.DEFAULT_TOR_SOCKS instanceof sockman.Service,
  testing: new testing.MemoryNetwork().listen().bound instanceof sockman.Service,
};
for (const [entry, isSame] of Object.entries(same)) if (!isSame) throw new Error(entry + ' has classes of its own');
for (const name of ['SockMan', 'Service', 'NetAddress', 'SockManError']) {
  if (sockman[name].name !== name) throw new Error(name + ' is called ' + sockman[name].name);
}
`;

try {
  run('npm', ['run', 'prebuilds'], root);
  for (const file of readdirSync(join(root, 'prebuilds'), { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.node')) continue;
    const { size } = statSync(join(root, 'prebuilds', file));
    console.log(`${file}: ${size} bytes`);
    if (size > MAX_BINARY_BYTES) throw new Error(`${file} is larger than ${MAX_BINARY_BYTES} bytes`);
  }

  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], root),
  );
  const tarball = join(work, filename);
  run('mkdir', [project], work);
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true }');
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball], project);

  writeFileSync(
    join(project, 'esm.mjs'),
    `import { createSockMan } from 'sockman';\nimport { connect } from 'node:net';\n${ECHO}`,
  );
  writeFileSync(
    join(project, 'cjs.cjs'),
    `const { createSockMan } = require('sockman');\nconst { connect } = require('node:net');\n${ECHO}`,
  );
  for (const file of ['esm.mjs', 'cjs.cjs']) {
    const output = run(process.execPath, [file], project);
    if (!/^native\/\w+ hello\n$/.test(output)) throw new Error(`${file} printed ${JSON.stringify(output)}`);
    console.log(`${file}: ${output.trim()}`);
  }

  // Every entry point loads both ways, and its types resolve.
  const { exports } = JSON.parse(run('npm', ['pkg', 'get'], project.concat('/node_modules/sockman')));
  const entries = Object.keys(exports).filter((name) => name !== './package.json');
  const names = entries.map((name) => `sockman${name.slice(1)}`);
  const variables = names.map((name) => name.slice(name.indexOf('/') + 1));
  const load = (how) => names.map((name, index) => how(variables[index], name)).join('\n') + IDENTITY;
  writeFileSync(
    join(project, 'all.mjs'),
    load((variable, name) => `import * as ${variable} from '${name}';`),
  );
  writeFileSync(
    join(project, 'all.cjs'),
    load((variable, name) => `const ${variable} = require('${name}');`),
  );
  run(process.execPath, ['all.mjs'], project);
  run(process.execPath, ['all.cjs'], project);
  const uses = names.map(
    (name, index) => `import * as m${index} from '${name}';\nexport type T${index} = keyof typeof m${index};`,
  );
  for (const name of ['types.mts', 'types.cts']) writeFileSync(join(project, name), uses.join('\n'));
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--typeRoots',
    join(root, 'node_modules/@types'),
  ];
  run(bin('tsc'), [...flags, '--types', 'node', 'types.mts', 'types.cts'], project);
  console.log(`entry points: ${names.join(', ')}`);

  const help = run(join(project, 'node_modules', '.bin', 'sockman'), ['--help'], project);
  if (!help.includes('sockman COMMAND')) throw new Error(`sockman --help printed ${JSON.stringify(help)}`);

  console.log(run(bin('publint'), ['--strict', tarball], root).trim());
  // Resolution as before package exports: no Node that this package runs on uses it.
  console.log(run(bin('attw'), ['--profile', 'node16', tarball], root).trim());
} finally {
  rmSync(work, { recursive: true, force: true });
}
