import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnchorsFile, parseAnchors, serializeAnchors } from '../../ts/storage/anchors-file.ts';
import { fromHex, readVectorJson, toHex } from '../harness/data/vectors.ts';
import { REGTEST_MAGIC, peer } from '../addrman/support.ts';

interface AnchorsVector {
  name: string;
  note: string;
  hex: string;
  expect: { address: string; port: number; time: number; services: string }[];
}

const { files } = readVectorJson<{ files: AnchorsVector[] }>('addrman_anchors.json');

/** The two anchors of the recorded file. */
const TWO = [peer('1.2.3.4', 1_700_000_000, 8333, 0x409n), peer('2001:470::1', 1_700_000_001, 18444, 0x809n)];
const TWO_HEX =
  'fabfb5da02605b032000f15365fd0904010401020304208d605b032001f15365fd0908021020010470000000000000000000000001480c' +
  'e63b747dafa54bd567b8e85bfa704ad4f3c9c3750947d3df0ad23de44162fc9d';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-anchors-'));
  path = join(folder, 'anchors.dat');
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(): AnchorsFile {
  return new AnchorsFile(path, REGTEST_MAGIC);
}

describe('an anchors.dat', () => {
  it.each(files.map((file) => [file.name, file.note, file] as const))(
    '%s (%s) is read, and deleted whatever is in it',
    async (_, __, { hex, expect: expected }) => {
      const records = (parseAnchors(fromHex(hex), REGTEST_MAGIC) ?? []).map(({ service, services, timeSeconds }) => ({
        address: String(service.address),
        port: service.port,
        time: timeSeconds,
        services: String(services),
      }));
      expect(records).toEqual(expected);
      writeFileSync(path, fromHex(hex));
      expect((await open().take()).length).toBe(Math.min(expected.length, 2));
      expect(existsSync(path)).toBe(false);
    },
  );

  it('is written as Bitcoin Core writes it, and read back', async () => {
    expect(toHex(serializeAnchors(TWO, REGTEST_MAGIC))).toBe(TWO_HEX);
    await open().save(TWO);
    expect(toHex(readFileSync(path))).toBe(TWO_HEX);
    expect(await open().take()).toEqual(TWO);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is written when there are no anchors too', async () => {
    await open().save([]);
    expect(toHex(readFileSync(path))).toBe(files.find(({ name }) => name === 'none')!.hex);
  });

  it('takes no third anchor', async () => {
    await expect(open().save([...TWO, TWO[0]!])).rejects.toMatchObject({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });
  });

  it('that is missing means none', async () => {
    expect(await open().take()).toEqual([]);
  });

  it('that cannot be deleted is not used: the next start would find it again', async () => {
    mkdirSync(path);
    expect(await open().take()).toEqual([]);
  });

  it('of any size is refused before it is read when it is too large to be one', async () => {
    writeFileSync(path, Buffer.concat([fromHex(TWO_HEX), Buffer.alloc(131_072)]));
    expect(await open().take()).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  it('changed in any byte or cut short anywhere is none', () => {
    const bytes = fromHex(TWO_HEX);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 0x80;
      expect(parseAnchors(changed, REGTEST_MAGIC), `byte ${at}`).toBeUndefined();
      expect(parseAnchors(bytes.subarray(0, at), REGTEST_MAGIC), `length ${at}`).toBeUndefined();
    }
  });

  it('that announces 33,554,432 anchors is refused at the end of its bytes', () => {
    const bytes = Buffer.concat([REGTEST_MAGIC, Buffer.from('fe00000002', 'hex'), Buffer.alloc(1000)]);
    expect(parseAnchors(bytes, REGTEST_MAGIC)).toBeUndefined();
  });
});
