// The file of a listener at a Unix-domain path.
//
// libuv removes it when its server closes, and Node closes all servers at exit: by name, whatever file has that name by
// then. After a restart that is the socket of the next process. So the name is made absolute, the file is identified by
// device and inode, and another file of that name is moved away while libuv looks for ours.

import { nodeFs } from '../../../util/load-later.ts';

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Files of open servers: closed with these checks at exit, as Node would close them without. */
const open = new Set<PathFile>();

function closeAll(): void {
  for (const file of [...open]) file.close();
}

export class PathFile {
  readonly #path: string;
  readonly #closeServer: () => void;
  readonly #identity: Identity | undefined;

  /**
   * @param path - Absolute; a server was just bound to it.
   * @param closeServer - Closes the server, within the call.
   */
  constructor(path: string, closeServer: () => void) {
    this.#path = path;
    this.#closeServer = closeServer;
    this.#identity = identify(path);
    if (open.size === 0) process.on('exit', closeAll);
    open.add(this);
  }

  /** Removes the file, if it is still ours: no new dial finds the listener. */
  remove(): void {
    if (this.#bearer() === 'ours') tryTo(() => nodeFs().unlinkSync(this.#path));
  }

  /** Closes the server, which removes the file if it is still ours. Once. */
  close(): void {
    if (!open.delete(this)) return;
    if (open.size === 0) process.off('exit', closeAll);
    if (this.#bearer() === 'a stranger') this.#closeAside();
    else this.#closeServer();
  }

  #closeAside(): void {
    const { renameSync, linkSync, unlinkSync } = nodeFs();
    const aside = `${this.#path}.${process.pid}.${Date.now()}`;
    // If we may not rename the file, libuv may not remove it either.
    const isAside = tryTo(() => renameSync(this.#path, aside));
    this.#closeServer();
    if (isAside && tryTo(() => linkSync(aside, this.#path))) tryTo(() => unlinkSync(aside));
  }

  #bearer(): 'ours' | 'a stranger' | 'nobody' {
    const now = identify(this.#path);
    if (now === undefined) return 'nobody';
    return now.dev === this.#identity?.dev && now.ino === this.#identity.ino ? 'ours' : 'a stranger';
  }
}

function identify(path: string): Identity | undefined {
  return nodeFs().lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/** @returns Whether the system allowed it. */
function tryTo(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}
