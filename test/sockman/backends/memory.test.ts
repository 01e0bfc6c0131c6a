import { MemoryNetwork } from '../../../ts/sockman/backends/memory.ts';
import { describeBackendContract } from './backend-contract.ts';

describeBackendContract('memory', () => new MemoryNetwork({ autoRun: true }).createBackend);
