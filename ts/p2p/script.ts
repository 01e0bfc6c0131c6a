// What a script pushes, for light clients that wait for a key or an address. No script is run here.
// (Bitcoin Core src/script/script.cpp, GetScriptOp; src/script/solver.cpp)

const OP_PUSHDATA1 = 0x4c;
const OP_PUSHDATA2 = 0x4d;
const OP_PUSHDATA4 = 0x4e;
const OP_1 = 0x51;
const OP_16 = 0x60;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;
const COMPRESSED_KEY_BYTES = 33;
const PLAIN_KEY_BYTES = 65;

/** One step of a script. */
interface Operation {
  readonly opcode: number;
  /** What it pushes from the script itself; empty for all others. */
  readonly data: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The pieces of data in a script, empty ones left out, up to where it cannot be read. Views of it. */
export function* scriptPushes(script: Uint8Array): Generator<Uint8Array> {
  for (const { data } of operations(script)) if (data.length > 0) yield data;
}

/** Whether an output is paid to plain keys: to one, or to some of several. */
export function isPaidToPlainKeys(script: Uint8Array): boolean {
  const last = script.at(-1);
  if (last !== OP_CHECKSIG && last !== OP_CHECKMULTISIG) return false;
  const steps = [...operations(script)];
  if (last === OP_CHECKSIG) return steps.length === 2 && isKey(steps[0]!);
  const [needed, count] = [steps[0]?.opcode ?? 0, steps.at(-2)?.opcode ?? 0];
  const keys = steps.slice(1, -2);
  if (needed < OP_1 || count > OP_16 || needed > count || keys.length !== count - OP_1 + 1) return false;
  return keys.every(isKey);
}

function isKey({ data }: Operation): boolean {
  const [first = 0] = data;
  if (data.length === COMPRESSED_KEY_BYTES) return first === 2 || first === 3;
  return data.length === PLAIN_KEY_BYTES && (first === 4 || first === 6 || first === 7);
}

function* operations(script: Uint8Array): Generator<Operation> {
  let at = 0;
  while (at < script.length) {
    const opcode = script[at]!;
    const sizeBytes = opcode === OP_PUSHDATA1 ? 1 : opcode === OP_PUSHDATA2 ? 2 : opcode === OP_PUSHDATA4 ? 4 : 0;
    const start = at + 1 + sizeBytes;
    const byteCount = opcode < OP_PUSHDATA1 ? opcode : littleEndian(script.subarray(at + 1, start));
    if (start + byteCount > script.length) return;
    yield { opcode, data: byteCount === 0 ? NOTHING : script.subarray(start, start + byteCount) };
    at = start + byteCount;
  }
}

/** At most four bytes. */
function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
