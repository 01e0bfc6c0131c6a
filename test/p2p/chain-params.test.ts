import { describe, expect, it } from 'vitest';

import { CHAIN_PARAMS, customSignetParams } from '../../ts/p2p/chain-params.ts';
import type { ChainName } from '../../ts/p2p/chain-params.ts';
import { FIXED_SEEDS_HEX, readFixedSeeds } from '../../ts/p2p/fixed-seeds.ts';
import { hashToHex } from '../../ts/p2p/hash.ts';
import { blockHash, readBlockHeader, writeBlockHeader } from '../../ts/p2p/messages/block-header.ts';
import { ByteReader, ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { fromHex, readVectorJson, toHex } from '../harness/data/vectors.ts';

interface GenesisVector {
  network: ChainName;
  magic: string;
  header: string;
  hash: string;
}

interface SeedsVector {
  network: Exclude<ChainName, 'regtest'>;
  data: string;
  entries: { address: string; port: number }[];
}

describe('CHAIN_PARAMS', () => {
  const genesis = readVectorJson<GenesisVector[]>('genesis_headers.json');

  it.each(genesis)('has the magic and the first block of $network', ({ network, magic, header, hash }) => {
    const params = CHAIN_PARAMS[network];
    const writer = new ByteWriter();
    writeBlockHeader(writer, params.genesisHeader);
    expect([params.name, toHex(params.magic)]).toEqual([network, magic]);
    expect(toHex(writer.finish())).toBe(header);
    expect(hashToHex(params.genesisHash)).toBe(hash);
    expect(hashToHex(blockHash(params.genesisHeader))).toBe(hash);
    expect(readBlockHeader(new ByteReader(fromHex(header)))).toEqual(params.genesisHeader);
  });

  it('gives each network its own magic and ports', () => {
    const all = Object.values(CHAIN_PARAMS);
    expect(all.length).toBe(genesis.length);
    expect(new Set(all.map(({ magic }) => toHex(magic))).size).toBe(all.length);
    const ports = all.flatMap(({ p2pPort, onionServicePort, rpcPort }) => [p2pPort, onionServicePort, rpcPort]);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('has absolute names for seeds, and one that never resolves for regtest', () => {
    for (const { dnsSeeds } of Object.values(CHAIN_PARAMS)) {
      expect(dnsSeeds.length).toBeGreaterThan(0);
      for (const name of dnsSeeds) expect(name).toMatch(/^[a-zA-Z0-9.-]+\.$/);
    }
    expect(CHAIN_PARAMS.regtest.dnsSeeds).toEqual(['dummySeed.invalid.']);
  });
});

describe('readFixedSeeds', () => {
  it.each(readVectorJson<SeedsVector[]>('fixed_seeds_sample.json'))('reads the records of $network', (vector) => {
    const expected = vector.entries.map(({ address, port }) => [address, port]);
    expect(readFixedSeeds(fromHex(vector.data)).map(({ address, port }) => [`${address}`, port])).toEqual(expected);
  });

  it('reads the built-in records of each chain: routable, and none for regtest', () => {
    for (const name of Object.keys(FIXED_SEEDS_HEX) as ChainName[]) {
      const seeds = readFixedSeeds(CHAIN_PARAMS[name].fixedSeeds);
      expect(seeds.length > 0).toBe(name !== 'regtest');
      expect(seeds.every(({ address }) => address.isRoutable())).toBe(true);
    }
  });

  it('refuses records that are cut short', () => {
    const records = CHAIN_PARAMS.main.fixedSeeds;
    expect(() => readFixedSeeds(records.subarray(0, records.length - 1))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });
});

describe('customSignetParams', () => {
  it('gives the public signet its own magic back, and no seeds', () => {
    const challenge = fromHex(
      '512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430' +
        '210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae',
    );
    const params = customSignetParams(challenge);
    expect(toHex(params.magic)).toBe(toHex(CHAIN_PARAMS.signet.magic));
    expect(params).toMatchObject({ name: 'signet', p2pPort: 38_333, dnsSeeds: [] });
    expect(params.fixedSeeds.length).toBe(0);
  });

  it('gives another challenge another magic, and takes seeds', () => {
    const params = customSignetParams(Uint8Array.of(0x51), ['seed.example.']);
    expect(toHex(params.magic)).not.toBe(toHex(CHAIN_PARAMS.signet.magic));
    expect(params.dnsSeeds).toEqual(['seed.example.']);
  });

  it('refuses a challenge that is not bytes', () => {
    expect(() => customSignetParams('51' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });
});
