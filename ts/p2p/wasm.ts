// A very small WebAssembly assembler: enough to write hot arithmetic as readable TypeScript.
//
// JavaScript has no 64-bit integer multiplication and no vector registers; WebAssembly has both. Code is built from
// nested arrays of bytes, one function per instruction, so an expression here looks like the expression it computes.
// Nothing is compiled at import: the kernels call `instantiate` when they are first needed. This covers the
// instructions the kernels use, one memory, no imports, no tables and no validation of its own (the engine validates).
//
// Binary format and opcodes: WebAssembly Core Specification 2.0, chapter 5.

import { SockManError } from '../util/errors/errors.ts';

/** Instructions: bytes, nested as it suits the writer. */
export type Code = number | readonly Code[];

export type ValueType = 'i32' | 'i64' | 'v128';

/** A parameter or local variable of a function. */
export interface Local {
  /** Pushes the value. */
  readonly get: Code;
  /** Pops into the variable what `value` pushes. */
  set(value: Code): Code;
}

/** What an instantiated module offers: its memory and its functions, all over 32-bit integers. */
export interface Kernel {
  readonly memory: Uint8Array;
  readonly functions: Readonly<Record<string, (...args: number[]) => void>>;
}

/** `@types/node` does not declare the global `WebAssembly`; this is the part used here. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: Record<string, unknown> };
};

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  bytes.push(value);
  return bytes;
}

/** Signed LEB128. */
function signedLeb(value: bigint): number[] {
  const bytes: number[] = [];
  while (value < -64n || value > 63n) {
    bytes.push(Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  bytes.push(Number(value & 0x7fn));
  return bytes;
}

const op = (opcode: number) => {
  return (...operands: Code[]): Code => [operands, opcode];
};
const simd = (opcode: number) => {
  return (...operands: Code[]): Code => [operands, 0xfd, leb(opcode)];
};
/** Memory access; the alignment hint is always one byte, valid everywhere and free where it matters. */
const load = (opcode: Code) => {
  return (address: Code, offset = 0): Code => [address, opcode, 0, leb(offset)];
};
const store = (opcode: Code) => {
  return (address: Code, value: Code, offset = 0): Code => [address, value, opcode, 0, leb(offset)];
};

export const i32 = {
  const: (value: number): Code => [0x41, signedLeb(BigInt(value | 0))],
  add: op(0x6a),
  sub: op(0x6b),
  eq: op(0x46),
  ltU: op(0x49),
};

export const i64 = {
  const: (value: bigint | number): Code => [0x42, signedLeb(BigInt.asIntN(64, BigInt(value)))],
  add: op(0x7c),
  sub: op(0x7d),
  mul: op(0x7e),
  and: op(0x83),
  or: op(0x84),
  xor: op(0x85),
  shl: op(0x86),
  shrS: op(0x87),
  shrU: op(0x88),
  extendS: op(0xac),
  extendU: op(0xad),
  load: load(0x29),
  load32: load(0x35),
  store: store(0x37),
  store32: store(0x3e),
};

export const v128 = {
  load: load([0xfd, 0x00]),
  loadSplat: load([0xfd, 0x09]),
  store: store([0xfd, 0x0b]),
  /** Four 32-bit lanes. */
  const: (...lanes: number[]): Code => [
    0xfd,
    0x0c,
    lanes.map((lane) => [lane & 255, (lane >> 8) & 255, (lane >> 16) & 255, lane >>> 24]),
  ],
  splat: simd(0x11),
  and: simd(0x4e),
  xor: simd(0x51),
  or: simd(0x50),
  shl: simd(0xab),
  shrU: simd(0xad),
  add: simd(0xae),
  sub: simd(0xb1),
  ltU: simd(0x3a),
  /** Picks 16 bytes out of the 32 of `a` and `b`. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [a, b, 0xfd, 0x0d, bytes],
};

/** Repeats `body` while `condition` leaves a non-zero i32; the body runs at least once. */
export function repeat(body: Code, condition: Code): Code {
  return [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
}

/** One exported function without result. */
export class FunctionBuilder {
  readonly name: string;
  readonly params: readonly Local[];
  readonly #types: ValueType[] = [];
  readonly #body: Code[] = [];
  readonly #paramCount: number;

  /** @param paramCount - How many i32 parameters the function takes. */
  constructor(name: string, paramCount: number) {
    this.name = name;
    this.#paramCount = paramCount;
    this.params = Array.from({ length: paramCount }, () => this.local('i32'));
  }

  /** Declares a variable, zero at entry. */
  local(type: ValueType): Local {
    const index = leb(this.#types.push(type) - 1);
    return { get: [0x20, index], set: (value) => [value, 0x21, index] };
  }

  locals(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  emit(...code: Code[]): void {
    this.#body.push(...code);
  }

  /** The entry of the type section. */
  encodeType(): Code {
    return [0x60, vector(this.params.map(() => TYPE_BYTES.i32)), vector([])];
  }

  /** The entry of the code section. */
  encodeBody(): Code {
    const locals = this.#types.slice(this.#paramCount).map((type): Code => [1, TYPE_BYTES[type]]);
    return sized([vector(locals), this.#body, 0x0b]);
  }
}

function vector(items: readonly Code[]): Code {
  return [leb(items.length), items];
}

function sized(code: Code): Code {
  const bytes = flatten(code);
  return [leb(bytes.length), bytes];
}

function flatten(code: Code, bytes: number[] = []): number[] {
  if (typeof code === 'number') bytes.push(code);
  else for (const part of code) flatten(part, bytes);
  return bytes;
}

function text(value: string): Code {
  return sized([...value].map((character) => character.charCodeAt(0)));
}

/**
 * Compiles the functions into a module and instantiates it, synchronously.
 *
 * @param pageCount - Size of the memory in pages of 65,536 bytes; it never grows, so views of it stay valid.
 * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: WebAssembly or its vector instructions are missing (`node --jitless`,
 *   processors without SSE4.1).
 */
export function instantiate(functions: readonly FunctionBuilder[], pageCount: number): Kernel {
  const section = (id: number, content: Code): Code => [id, sized(content)];
  const memoryExport: Code = [text('memory'), 2, 0];
  const functionExports = functions.map((f, index): Code => [text(f.name), 0, leb(index)]);
  const bytes = flatten([
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(functions.map((f) => f.encodeType()))),
    section(3, vector(functions.map((_, index) => leb(index)))),
    section(5, vector([[1, leb(pageCount), leb(pageCount)]])),
    section(7, vector([memoryExport, ...functionExports])),
    section(10, vector(functions.map((f) => f.encodeBody()))),
  ]);
  const { memory, ...rest } = compile(Uint8Array.from(bytes));
  return {
    memory: new Uint8Array((memory as { buffer: ArrayBuffer }).buffer),
    functions: rest as Kernel['functions'],
  };
}

function compile(bytes: Uint8Array): Record<string, unknown> {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  } catch (cause) {
    throw new SockManError('ERR_SOCKMAN_BACKEND', 'BIP 324 needs WebAssembly with vector instructions', { cause });
  }
}
