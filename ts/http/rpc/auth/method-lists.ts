// Which methods a user may call. (Bitcoin Core src/httprpc.cpp, -rpcwhitelist)

/** The lists of `-rpcwhitelist`. */
export class MethodLists {
  readonly #lists = new Map<string, ReadonlySet<string>>();
  readonly #isDefaultNothing: boolean;

  /**
   * @param texts - `user:method,method`, blanks in place of commas too. With several entries for a user, only methods that
   * are in all of them.
   * @param isDefaultNothing - Users without a list may call nothing. Default: if there is any list.
   */
  constructor(texts: readonly string[], isDefaultNothing: boolean = texts.length > 0) {
    this.#isDefaultNothing = isDefaultNothing;
    for (const text of texts) {
      const colon = text.indexOf(':');
      const user = colon === -1 ? text : text.slice(0, colon);
      const names = colon === -1 ? [] : text.slice(colon + 1).split(/[, ]/);
      const before = this.#lists.get(user);
      const methods = names.filter((name) => name !== '' && (before === undefined || before.has(name)));
      this.#lists.set(user, new Set(methods));
    }
  }

  /** Whether a user may call a method. */
  allows(user: string, method: string): boolean {
    const list = this.#lists.get(user);
    return list === undefined ? !this.#isDefaultNothing : list.has(method);
  }

  /** Whether a user has a list, so that each call has to be checked. */
  hasListFor(user: string): boolean {
    return this.#lists.has(user);
  }

  /** Whether a user may call no method at all. */
  allowsNothing(user: string): boolean {
    return this.#isDefaultNothing && !this.#lists.has(user);
  }
}
