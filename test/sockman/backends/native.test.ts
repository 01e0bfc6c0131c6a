import { it } from 'vitest';
import { loadAddon } from '../../../ts/sockman/backends/addon.ts';
import { NativeBackend } from '../../../ts/sockman/backends/native.ts';
import { describeBackendContract } from './backend-contract.ts';

const loaded = loadAddon();

if (loaded.ok) {
  const { addon } = loaded;
  for (const poller of addon.pollers) {
    describeBackendContract(`native/${poller}`, () => (options) => new NativeBackend(addon, options, poller));
  }
} else {
  it.skip(`native backend (skipped: ${loaded.reason})`, () => {});
}
