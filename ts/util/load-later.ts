// Modules of Node that are loaded when first used, at once and without a promise: what the core entry is made of imports
// them from here.
//
// `node:crypto`, `node:net` and `node:stream` bring dozens of others along, which takes longer than the import of all of this
// package, and its users may need none: most addresses have no hash, and the native backend takes no stream. An `import` of
// any module, `node:fs` say, also reads every name it exports, and so loads what stands behind the rarest of them.

import type * as asyncHooks from 'node:async_hooks';
import type * as crypto from 'node:crypto';
import type * as fs from 'node:fs';
import { createRequire } from 'node:module';
import type * as net from 'node:net';
import type * as os from 'node:os';
import type * as path from 'node:path';
import type * as stream from 'node:stream';
import type * as url from 'node:url';
import type * as util from 'node:util';
import type * as v8 from 'node:v8';

/** Calls a function once, at the first use, and remembers its result. */
export function lazily<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= make());
}

/** Node before 20.16 and 22.3 has no `getBuiltinModule`; making a `require` takes longer than calling it. */
function load(name: string): unknown {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
  return getBuiltinModule?.(name) ?? createRequire(process.execPath)(name);
}

export const nodeAsyncHooks = lazily(() => load('node:async_hooks') as typeof asyncHooks);
export const nodeCrypto = lazily(() => load('node:crypto') as typeof crypto);
export const nodeFs = lazily(() => load('node:fs') as typeof fs);
export const nodeNet = lazily(() => load('node:net') as typeof net);
export const nodeOs = lazily(() => load('node:os') as typeof os);
export const nodePath = lazily(() => load('node:path') as typeof path);
export const nodeStream = lazily(() => load('node:stream') as typeof stream);
export const nodeUrl = lazily(() => load('node:url') as typeof url);
export const nodeUtil = lazily(() => load('node:util') as typeof util);
export const nodeV8 = lazily(() => load('node:v8') as typeof v8);
