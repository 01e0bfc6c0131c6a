// A real terminal: tmux, on a server of its own, without a window.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { missingPrograms } from './programs.ts';

/** Why there is no terminal; undefined when there is one. */
export const noTerminal = missingPrograms({ tmux: 'tmux' });

const ROWS = 24;

/** A terminal in which one shell command runs. */
export class Terminal {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sockman-terminal-'));

  constructor(columns: number, command: string) {
    this.#tmux('new-session', '-d', '-x', String(columns), '-y', String(ROWS), command);
  }

  /** What it shows, without the empty rows at its end. */
  get screen(): string[] {
    return this.#tmux('capture-pane', '-p').trimEnd().split('\n');
  }

  /** What it shows and what one can scroll back to. */
  get lines(): string[] {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-').trimEnd().split('\n');
  }

  resize(columns: number): void {
    this.#tmux('resize-window', '-x', String(columns), '-y', String(ROWS));
  }

  /** Types texts and keys such as `Tab`, `Enter` or `C-c`. */
  type(...keys: string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  close(): void {
    try {
      this.#tmux('kill-server');
    } catch {
      // It ended by itself, with the command.
    }
    rmSync(this.#folder, { recursive: true });
  }

  #tmux(...args: string[]): string {
    return execFileSync('tmux', ['-S', join(this.#folder, 'socket'), '-f', '/dev/null', ...args], { encoding: 'utf8' });
  }
}
