// Output that leaves out lines beyond what a slow reader takes, and counts them.

import type { CliIo } from './cli-io.ts';
import { jsonLine } from './json-line.ts';

export class SkippingOutput {
  readonly #io: CliIo;
  #skippedCount = 0;

  constructor(io: CliIo) {
    this.#io = io;
  }

  /** @param makeLine - Not called for a line that is left out. */
  print(makeLine: () => string): void {
    if (this.#io.isBehind) {
      this.#skippedCount++;
      return;
    }
    this.end();
    this.#io.print(makeLine());
  }

  /** Reports lines left out since the last one. */
  end(): void {
    if (this.#skippedCount > 0) this.#io.print(jsonLine({ skippedLines: this.#skippedCount }));
    this.#skippedCount = 0;
  }
}
