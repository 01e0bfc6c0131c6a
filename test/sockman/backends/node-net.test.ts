import { NodeNetBackend } from '../../../ts/sockman/backends/node-net.ts';
import { describeBackendContract } from './backend-contract.ts';

describeBackendContract('node-net', () => ({
  createBackend: (options) => new NodeNetBackend(options),
  hasUnixSockets: process.platform !== 'win32',
}));
