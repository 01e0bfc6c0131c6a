// Typed events for embedders: a name, one value, any number of listeners.

import { invalidArg } from './errors/errors.ts';

/** Receives what a listener threw, and the name of the event. */
export type ListenerErrorHandler = (error: unknown, eventName: string) => void;

/**
 * Calls listeners, in the order in which they were added.
 *
 * A listener that throws disturbs neither the others nor the emitter.
 *
 * @typeParam Events - The value of each event, by name.
 * @example
 * const events = new Emitter<{ counted: number }>(console.error);
 * const stop = events.on('counted', (count) => console.log(count));
 * events.emit('counted', 7);
 * stop();
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, readonly ((value: never) => void)[]>();
  readonly #onListenerError: ListenerErrorHandler;

  constructor(onListenerError: ListenerErrorHandler) {
    this.#onListenerError = onListenerError;
  }

  /**
   * Adds a listener. One added while an event is being emitted gets the next one.
   *
   * @returns A function that removes the listener; further calls do nothing.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a function.
   */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    if (typeof listener !== 'function') throw invalidArg('listener', 'a function', listener);
    // Wrapped, so that a function added twice can be removed once.
    const entry = (value: Events[Name]): void => listener(value);
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
    return () => {
      const left = (this.#listeners.get(name) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#listeners.set(name, left);
      else this.#listeners.delete(name);
    };
  }

  /** Whether there is a listener: for values that are costly to make. */
  has(name: keyof Events): boolean {
    return this.#listeners.has(name);
  }

  /** Tells the listeners. @returns Whether there was one: it may have kept the value. */
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): boolean {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return false;
    for (const listener of listeners) {
      try {
        listener(value as never);
      } catch (error) {
        this.#onListenerError(error, String(name));
      }
    }
    return true;
  }
}
