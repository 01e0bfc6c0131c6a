// Which lines go into the log: categories and levels, with Bitcoin Core's names. (Bitcoin Core src/logging.cpp)

/** The categories of lines that this node has, sorted. */
export const LOG_CATEGORIES = ['addrman', 'http', 'i2p', 'net', 'privatebroadcast', 'proxy', 'rpc', 'tor'] as const;

/** Categories of Bitcoin Core that this node never logs, but accepts. */
const EMPTY_CATEGORIES = [
  'bench',
  'blockstorage',
  'cmpctblock',
  'coindb',
  'estimatefee',
  'ipc',
  'kernel',
  'leveldb',
  'libevent',
  'lock',
  'mempool',
  'mempoolrej',
  'prune',
  'qt',
  'rand',
  'reindex',
  'scan',
  'selectcoins',
  'txpackages',
  'txreconciliation',
  'validation',
  'walletdb',
  'zmq',
];

/** Levels that can be chosen, the most verbose first. */
export const LOG_LEVELS = ['trace', 'debug', 'info'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const ALL_WORDS: readonly string[] = ['', '1', 'all'];
const NONE_WORDS: readonly string[] = ['0', 'none'];

/** The chosen lines; the choice may change while the node runs. */
export class LogFilter {
  readonly #on = new Set<string>();
  readonly #levels = new Map<string, LogLevel>();
  #level: LogLevel = 'debug';
  /** Called after every change. */
  onChange: () => void = () => {};

  /** Whether any category is on. */
  get isAnyOn(): boolean {
    return this.#on.size > 0;
  }

  /** Whether a debug line of a category is wanted. */
  wants(category: string): boolean {
    return this.#on.has(category) && (this.#levels.get(category) ?? this.#level) !== 'info';
  }

  /** Whether lines of a category are written at all. */
  isOn(category: string): boolean {
    return this.#on.has(category);
  }

  /** Turns a category on or off; `1`, `all` and the empty text mean all of them. @returns False for an unknown name. */
  set(name: string, isOn: boolean): boolean {
    const all = ALL_WORDS.includes(name);
    if (!all && !isCategory(name)) return false;
    for (const category of all ? LOG_CATEGORIES : [name]) {
      if (isOn) this.#on.add(category);
      else this.#on.delete(category);
    }
    this.onChange();
    return true;
  }

  /**
   * Applies `-debug`, `-debugexclude` and `-loglevel`.
   *
   * @returns The first invalid value, with its kind; undefined if all are valid.
   */
  apply(
    debug: readonly string[],
    exclude: readonly string[],
    levels: readonly string[],
  ): readonly [option: string, value: string] | undefined {
    const from = debug.findLastIndex((name) => NONE_WORDS.includes(name)) + 1;
    const unknown = debug.slice(from).find((name) => !this.set(name, true));
    if (unknown !== undefined) return ['debug', unknown];
    const alien = exclude.find((name) => !this.set(name, false));
    if (alien !== undefined) return ['debugexclude', alien];
    const noLevel = levels.find((text) => !this.#setLevel(text));
    return noLevel === undefined ? undefined : ['loglevel', noLevel];
  }

  #setLevel(text: string): boolean {
    const [category, name, ...rest] = text.includes(':') ? text.split(':') : ['', text];
    const level = LOG_LEVELS.find((each) => each === name);
    if (level === undefined || rest.length > 0) return false;
    if (category === '') this.#level = level;
    else if (isCategory(category!)) this.#levels.set(category!, level);
    else return false;
    return true;
  }
}

/** Whether `--debug` takes this word: a category, or a word for all or none. */
export function isDebugWord(word: string): boolean {
  return word !== '' && (ALL_WORDS.includes(word) || NONE_WORDS.includes(word) || isCategory(word));
}

function isCategory(name: string): boolean {
  return (LOG_CATEGORIES as readonly string[]).includes(name) || EMPTY_CATEGORIES.includes(name);
}
