// A bitcoind for the tests of one suite.

import { afterAll, beforeAll } from 'vitest';
import { Bitcoind, CoreFolder, DIALS_NOBODY } from './bitcoind.ts';

/** How long a bitcoind may take to start, in milliseconds. */
const START_MS = 60_000;

/** A bitcoind that runs during a suite's tests, with its own folder. Call it in `describe`. */
export class CoreSuite {
  readonly folder = new CoreFolder();
  /** Set from the first test on. */
  core!: Bitcoind;

  constructor() {
    beforeAll(async () => {
      this.core = await Bitcoind.start([DIALS_NOBODY], this.folder);
    }, START_MS);
    afterAll(async () => {
      await this.core.stop();
      this.folder.remove();
    });
  }
}
