// The listeners of a node: opened all or none, and the own addresses that they imply.

import { isBadPort } from '../../netaddr/bad-ports.ts';
import { addressAndPort } from '../../netaddr/service.ts';
import type { Service } from '../../netaddr/service.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { Logger } from '../../util/logger.ts';
import { SystemError } from '../../util/errors/system-error.ts';
import { OpenListeners } from './open-listeners.ts';
import type { ListenPlan, ListenTarget } from './listen-plan.ts';
import { LOCAL_SCORES } from '../reach/local-addresses.ts';
import type { LocalAddresses } from '../reach/local-addresses.ts';
import { hasPermission } from '../node/permission-flags.ts';

/** What listening depends on. */
export interface ListeningParts {
  readonly sockets: Pick<SockMan, 'bindAndStartListening' | 'stopListening'>;
  readonly localAddresses: LocalAddresses;
  readonly logger: Logger;
}

/** Listens for one `Connman`. */
export class ListeningSockets extends OpenListeners {
  readonly #plan: ListenPlan;
  readonly #parts: ListeningParts;

  constructor(plan: ListenPlan, parts: ListeningParts) {
    super();
    this.#plan = plan;
    this.#parts = parts;
  }

  /** The port at which others reach us. */
  get port(): number {
    if (this.#plan.listenPort !== 0) return this.#plan.listenPort;
    return this.services().find(({ port }) => port !== 0)?.port ?? 0;
  }

  /**
   * Opens every listener.
   *
   * @throws {SystemError} `EADDRINUSE`, `EACCES` and the like: one that is required cannot be opened, and none is open.
   */
  openAll(): void {
    const { sockets, logger } = this.#parts;
    for (const target of this.#plan.targets) {
      const result = sockets.bindAndStartListening(target.service);
      if (result.ok) {
        this.add(result.bound, target);
        logger.info(`Bound to ${result.bound}`);
      } else if (target.isRequired) {
        sockets.stopListening();
        this.clear();
        throw new SystemError(result.syscall, result.errno, addressAndPort(target.service));
      } else logger.debug(result.errmsg);
    }
    for (const bound of this.services()) this.#noteBound(bound, this.find(bound)!);
    this.#warnOfBadPorts();
  }

  #warnOfBadPorts(): void {
    const ports = new Set(this.#plan.targets.filter(({ isOnion }) => !isOnion).map(({ service }) => service.port));
    for (const port of [...ports].filter(isBadPort)) {
      this.#parts.logger.warn(`port ${port} is that of another service: other nodes will hardly connect to it`);
    }
  }

  /** The address of a public listener is one of ours. */
  #noteBound(bound: Service, { isOnion, permissions }: ListenTarget): void {
    const isForTrusted = hasPermission(permissions.flags, 'noban');
    if (!isOnion && !isForTrusted) this.#parts.localAddresses.add(bound, LOCAL_SCORES.bind);
  }
}
