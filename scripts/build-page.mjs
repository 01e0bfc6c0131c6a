// Makes the page of the dashboard, in the package's folder dashboard/: the scripts of ts/http/dashboard/page and uPlot as one
// file, the styles of both as another, and uPlot's licence.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'ts', 'http', 'dashboard', 'page');
const uPlot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));

/** Browsers of 2024 on: `light-dark()` and `:has()` of the style sheet want those. */
const TARGET = ['chrome123', 'firefox121', 'safari17.5'];

export async function buildPage() {
  const target = join(root, 'dashboard');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const { version } = JSON.parse(readFileSync(join(uPlot, 'package.json'), 'utf8'));
  await build({
    entryPoints: [join(source, 'main.ts')],
    outfile: join(target, 'app.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: TARGET,
    banner: { js: `/* sockman's dashboard, with uPlot ${version} (MIT, uplot-license.txt) */` },
    logLevel: 'warning',
  });
  const styles = [join(source, 'style.css'), join(uPlot, 'dist', 'uPlot.min.css')].map((file) =>
    readFileSync(file, 'utf8'),
  );
  // Not lowered: the colours of both themes stand beside each other.
  const { code } = await transform(styles.reverse().join('\n'), { loader: 'css', minify: true });
  writeFileSync(join(target, 'style.css'), code);
  const html = readFileSync(join(source, 'index.html'), 'utf8');
  writeFileSync(join(target, 'index.html'), html.replace(/>\n\s+</g, '>\n<'));
  copyFileSync(join(uPlot, 'LICENSE'), join(target, 'uplot-license.txt'));
}
