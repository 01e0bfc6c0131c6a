// The two builds of the addon, native/sockman.gypi and native/CMakeLists.txt, name the same files, and all there are.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const gyp = readFileSync(join(ROOT, 'native', 'sockman.gypi'), 'utf8');
const cmake = readFileSync(join(ROOT, 'native', 'CMakeLists.txt'), 'utf8');

/** The words of one `set(NAME …)` or `add_executable(NAME …)`. */
function cmakeList(command: string, name: string): string[] {
  const body = new RegExp(`${command}\\(${name}\\s([^)]*)\\)`).exec(cmake)?.[1];
  expect(body, `${command}(${name}) in CMakeLists.txt`).toBeDefined();
  return (body ?? '').split(/\s+/).filter((word) => word !== '');
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(ROOT, 'native', folder))
    .filter((name) => name.endsWith('.cc'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

describe('the sources of the addon', () => {
  const cmakeSources = [...cmakeList('set', 'ADDON_SOURCES'), ...cmakeList('set', 'CORE_SOURCES')];

  it('are the same for node-gyp and for cmake-js', () => {
    const gypSources = [...gyp.matchAll(/'([^']+\.cc)'/g)].map((match) => match[1]);
    expect(gypSources).toEqual(cmakeSources);
  });

  it('are all there are', () => {
    expect(cmakeSources).toEqual(['addon.cc', ...sourcesIn('binding'), ...sourcesIn('core')]);
  });

  it('are compiled with the same definitions', () => {
    for (const definition of [
      'NAPI_VERSION=9',
      'NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
      'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
    ]) {
      expect(gyp).toContain(`'${definition}'`);
      expect(cmake).toContain(definition);
    }
  });
});

it('every C++ unit test is part of the test program', () => {
  expect(cmakeList('add_executable', 'sockman_test')).toEqual(sourcesIn('test'));
});

describe('the build of an installed package', () => {
  const build = readFileSync(join(ROOT, 'native', 'build.mjs'), 'utf8');

  it('takes the tools that the checkout is built with', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    for (const name of ['node-gyp', 'node-addon-api']) expect(build).toContain(`'${name}@${devDependencies[name]}'`);
  });

  it('makes the same target as binding.gyp', () => {
    const target = readFileSync(join(ROOT, 'binding.gyp'), 'utf8').split('\n')[1]!;
    expect(build).toContain(target);
  });
});
