// JSON values whose numbers keep their digits and whose objects keep order and duplicates. (RFC 8259; Bitcoin Core src/univalue)

/** A value as `parseJson` makes it. */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

/** A value as `writeJson` takes it. A number is written with at most 16 significant digits, a plain object in the order of its keys. */
export type JsonInput =
  JsonValue | number | bigint | readonly JsonInput[] | { readonly [key: string]: JsonInput | undefined };

/** A number, as text. */
export class JsonNumber {
  readonly text: string;

  /** @param text - In JSON's grammar. It is not checked here: `parseJson` has done so, and other callers pass valid text. */
  constructor(text: string) {
    this.text = text;
  }

  /** The nearest number of JavaScript. */
  toNumber(): number {
    return Number(this.text);
  }

  /**
   * The number as an integer.
   * @returns Undefined unless the text is digits, with or without a minus, and the value lies in `min`..`max`: `1.0` and
   * `1e3` give undefined.
   */
  toBigInt(min: bigint, max: bigint): bigint | undefined {
    if (!INTEGER.test(this.text) || this.text.length > MAX_INTEGER_CHARS) return undefined;
    const value = BigInt(this.text);
    return value >= min && value <= max ? value : undefined;
  }

  /** As `toBigInt`, for bounds that are safe integers. */
  toInteger(min: number, max: number): number | undefined {
    const value = this.toBigInt(BigInt(min), BigInt(max));
    return value === undefined ? undefined : Number(value);
  }

  /** The number as it was written. */
  toString(): string {
    return this.text;
  }
}

const INTEGER = /^-?[0-9]+$/;
/** More than any integer of 64 bits has. JSON's grammar has no leading zeros. */
const MAX_INTEGER_CHARS = 32;

/** An object: keys in order, each as often as it came. */
export class JsonObject implements Iterable<readonly [string, JsonInput]> {
  readonly #keys: string[] = [];
  readonly #values: JsonInput[] = [];
  /** Built for larger objects: searching a few keys is faster. */
  #index: Map<string, number> | undefined = undefined;

  /** @param entries - What to begin with. */
  constructor(entries?: Iterable<readonly [string, JsonInput]>) {
    if (entries !== undefined) for (const [key, value] of entries) this.push(key, value);
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Keys in order, duplicates included. */
  keys(): readonly string[] {
    return this.#keys;
  }

  /** Whether there is a value for a key. */
  has(key: string): boolean {
    return this.#find(key) !== -1;
  }

  /** The value of the first of that key, as it was parsed; undefined without one. */
  get(key: string): JsonValue | undefined {
    const index = this.#find(key);
    return index === -1 ? undefined : (this.#values[index] as JsonValue);
  }

  /** Adds a key, whether it is there or not. @returns The object, for the next call. */
  push(key: string, value: JsonInput): this {
    if (this.#index !== undefined && !this.#index.has(key)) this.#index.set(key, this.#keys.length);
    this.#keys.push(key);
    this.#values.push(value);
    return this;
  }

  /** Keys and values in their order, repeated keys included. */
  *[Symbol.iterator](): Iterator<readonly [string, JsonInput]> {
    for (let at = 0; at < this.#keys.length; at++) yield [this.#keys[at]!, this.#values[at]!];
  }

  #find(key: string): number {
    if (this.#keys.length <= MAX_SEARCHED_KEYS) return this.#keys.indexOf(key);
    if (this.#index === undefined) {
      this.#index = new Map();
      for (const [at, other] of this.#keys.entries()) if (!this.#index.has(other)) this.#index.set(other, at);
    }
    return this.#index.get(key) ?? -1;
  }
}

/** Keys up to which an object has no index. */
const MAX_SEARCHED_KEYS = 16;
