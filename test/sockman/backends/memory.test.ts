import { MemoryNetwork } from '../../../ts/sockman/backends/memory.ts';
import { describeBackendContract } from './backend-contract.ts';

describeBackendContract('memory', () => {
  const net = new MemoryNetwork({ autoRun: true });
  return { createBackend: net.createBackend, hasUnixSockets: true };
});
