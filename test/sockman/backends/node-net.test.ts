import { NodeNetBackend } from '../../../ts/sockman/backends/node-net.ts';
import { describeBackendContract } from './backend-contract.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isDeno = 'Deno' in globalThis;
const hasReusePort = !isDeno && (major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12));

describeBackendContract('node-net', () => (options) => new NodeNetBackend(options), {
  noUnixSockets: process.platform === 'win32' ? 'node:net on Windows has named pipes only' : undefined,
  noReusePort: hasReusePort ? undefined : 'reusePort takes Node 22.12, 23.1 or later, or Bun',
  hidesResets: true,
  noIPv6Only: isDeno ? 'Deno accepts IPv4 there; the backend can only reset it' : undefined,
});
