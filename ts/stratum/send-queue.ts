// The frames that wait to be sent to one client. Superseded templates are left out if the client is slow.
//
// Templates grow stale in the queue of a slow reader. Above the limit, superseded ones are dropped, oldest first. Three
// frames always stay: the newest template, the newest `SetNewPrevHash`, and the template which that one names.

import type { Sv2Frame, Sv2Message } from './messages/registry.ts';

interface Entry {
  readonly frame: Sv2Frame;
  /** Set for templates and tips; all other frames must arrive. */
  readonly templateId: bigint | undefined;
  readonly isTip: boolean;
}

/** A first-in, first-out queue of frames whose encryption has not begun. */
export class SendQueue {
  readonly #limitBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;
  #droppedCount = 0;

  /** @param limitBytes - Above this, superseded templates are dropped. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Payload bytes in the queue. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Frames left out so far. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Whether the queue is over its limit, with nothing left to drop. */
  get isFull(): boolean {
    return this.#bytes > this.#limitBytes;
  }

  /**
   * @param message - The frame's message.
   * @param frame - The same, encoded.
   */
  push(message: Sv2Message, frame: Sv2Frame): void {
    const isTip = message.name === 'SetNewPrevHash';
    const templateId = isTip || message.name === 'NewTemplate' ? message.templateId : undefined;
    this.#entries.push({ frame, templateId, isTip });
    this.#bytes += frame.payload.length;
    if (this.isFull) this.dropSuperseded(this.#limitBytes);
  }

  /** The oldest frame; it stays until `shift`. */
  get first(): Sv2Frame | undefined {
    return this.#entries[0]?.frame;
  }

  shift(): void {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#bytes -= entry.frame.payload.length;
  }

  /** Drops superseded templates, oldest first, until the queue is within a limit. @param limitBytes - In payload bytes. */
  dropSuperseded(limitBytes: number): void {
    const newestTip = this.#entries.findLast(({ isTip }) => isTip)?.templateId;
    const newestTemplate = this.#entries.findLast(({ templateId, isTip }) => templateId !== undefined && !isTip);
    this.#entries = this.#entries.filter((entry) => {
      const { frame, templateId } = entry;
      const mustStay = templateId === undefined || templateId === newestTip || entry === newestTemplate;
      if (mustStay || this.#bytes <= limitBytes) return true;
      this.#bytes -= frame.payload.length;
      this.#droppedCount++;
      return false;
    });
  }
}
