// A `SockMan` that writes down everything it is told, in a `MemoryNetwork` whose pending timers are counted.

import { SockMan } from '../../../ts/sockman/sock-man.ts';
import type { SockManOptions } from '../../../ts/sockman/options.ts';
import type { Service } from '../../../ts/netaddr/service.ts';
import type { VirtualClock } from '../../../ts/testing.ts';
import type { Logger } from '../../../ts/util/logger.ts';

export class RecordingNode extends SockMan {
  /** One line for each callback: `data 0 ff00`, `eof 0`, `accepted 1 from … to …`, `i2p … true`. */
  readonly events: string[] = [];
  /** `level: message`. */
  readonly log: string[] = [];
  welcomes = true;

  constructor(options: SockManOptions) {
    const log: string[] = [];
    super({ logger: recordingLogger(log), ...options });
    this.log = log;
  }

  eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
    this.events.push(`accepted ${nodeId} from ${them} to ${me}`);
    return this.welcomes;
  }

  eventReadyToSend(): boolean {
    return false;
  }

  eventGotData(nodeId: number, data: Uint8Array): void {
    this.events.push(`data ${nodeId} ${Buffer.from(data).toString('hex')}`);
  }

  eventGotEOF(nodeId: number): void {
    this.events.push(`eof ${nodeId}`);
  }

  eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    this.events.push(`error ${nodeId} ${errmsg}`);
  }

  override eventI2PListen(addr: Service, success: boolean): void {
    this.events.push(`i2p ${addr} ${success}`);
  }

  /** The events since the last call. */
  takeEvents(): string[] {
    return this.events.splice(0);
  }
}

function recordingLogger(log: string[]): Logger {
  const at = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Counts the timers of a clock from now on. @returns How many are pending. */
export function countTimers(clock: VirtualClock): () => number {
  const pending = new Set<object>();
  const after = clock.after.bind(clock);
  clock.after = (delayMs, callback) => {
    const timer = after(delayMs, () => {
      pending.delete(counted);
      callback();
    });
    const counted = {
      cancel: () => {
        pending.delete(counted);
        timer.cancel();
      },
    };
    pending.add(counted);
    return counted;
  };
  return () => pending.size;
}
