// The parameters of the five Bitcoin networks.
//
// Figures of Bitcoin Core src/kernel/chainparams.cpp, src/chainparamsbase.cpp and src/net.cpp. A name here is the one in
// configuration files and on the command line; Core's RPC calls testnet3 `test`.

import { ByteWriter } from '../util/bytes/bytes.ts';
import { invalidArg } from '../util/errors/errors.ts';
import { FIXED_SEEDS_HEX } from './fixed-seeds.ts';
import { doubleSha256, hashFromHex } from './hash.ts';
import type { BlockHeader } from './messages/block-header.ts';
import { isBytes } from '../util/bytes/is-bytes.ts';

/** A Bitcoin network. */
export type ChainName = 'main' | 'testnet3' | 'testnet4' | 'signet' | 'regtest';

/** The parameters of one Bitcoin network. */
export interface ChainParams {
  readonly name: ChainName;
  /** The name in Bitcoin Core's RPC answers. */
  readonly coreName: string;
  /** Folder of this chain in a data directory; empty for the top. */
  readonly dataFolder: string;
  /** The four bytes every V1 message begins with, which also go into the keys of V2. Not to be written to. */
  readonly magic: Uint8Array;
  readonly p2pPort: number;
  /** Loopback port to which an onion service delivers inbound connections. */
  readonly onionServicePort: number;
  readonly rpcPort: number;
  /** The hash of the first block, in wire order. Not to be written to. */
  readonly genesisHash: Uint8Array;
  readonly genesisHeader: BlockHeader;
  /** Absolute names of DNS seeds. The wanted services are prefixed: `x9.` and the name. */
  readonly dnsSeeds: readonly string[];
  /** BIP 155 records, for `readFixedSeeds`. Not to be written to. */
  readonly fixedSeeds: Uint8Array;
}

/** The Merkle root of the genesis block of all chains except testnet4. */
const MERKLE_ROOT = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';
const MERKLE_ROOT_TESTNET4 = '7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e';

interface ChainFigures {
  coreName: string;
  dataFolder: string;
  magic: readonly [number, number, number, number];
  p2pPort: number;
  rpcPort: number;
  genesisHash: string;
  merkleRoot: string;
  timeSeconds: number;
  bits: number;
  nonce: number;
  dnsSeeds: readonly string[];
}

function chain(name: ChainName, figures: ChainFigures): ChainParams {
  const { coreName, dataFolder, p2pPort, rpcPort, timeSeconds, bits, nonce, dnsSeeds } = figures;
  const merkleRoot = hashFromHex(figures.merkleRoot);
  return {
    name,
    coreName,
    dataFolder,
    magic: Uint8Array.from(figures.magic),
    p2pPort,
    onionServicePort: p2pPort + 1,
    rpcPort,
    genesisHash: hashFromHex(figures.genesisHash),
    genesisHeader: { version: 1, previousBlockHash: new Uint8Array(32), merkleRoot, timeSeconds, bits, nonce },
    dnsSeeds,
    fixedSeeds: Uint8Array.from(Buffer.from(FIXED_SEEDS_HEX[name], 'hex')),
  };
}

/** The parameters of each network, by name. */
export const CHAIN_PARAMS: Readonly<Record<ChainName, ChainParams>> = {
  main: chain('main', {
    coreName: 'main',
    dataFolder: '',
    magic: [0xf9, 0xbe, 0xb4, 0xd9],
    p2pPort: 8_333,
    rpcPort: 8_332,
    genesisHash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    merkleRoot: MERKLE_ROOT,
    timeSeconds: 1_231_006_505,
    bits: 0x1d00_ffff,
    nonce: 2_083_236_893,
    dnsSeeds: [
      'dnsseed.bluematt.me.',
      'seed.bitcoin.jonasschnelli.ch.',
      'seed.btc.petertodd.net.',
      'seed.bitcoin.sprovoost.nl.',
      'dnsseed.emzy.de.',
      'seed.bitcoin.wiz.biz.',
      'seed.mainnet.achownodes.xyz.',
    ],
  }),
  testnet3: chain('testnet3', {
    coreName: 'test',
    dataFolder: 'testnet3',
    magic: [0x0b, 0x11, 0x09, 0x07],
    p2pPort: 18_333,
    rpcPort: 18_332,
    genesisHash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
    merkleRoot: MERKLE_ROOT,
    timeSeconds: 1_296_688_602,
    bits: 0x1d00_ffff,
    nonce: 414_098_458,
    dnsSeeds: [
      'testnet-seed.bitcoin.jonasschnelli.ch.',
      'seed.tbtc.petertodd.net.',
      'seed.testnet.bitcoin.sprovoost.nl.',
      'testnet-seed.bluematt.me.',
      'seed.testnet.achownodes.xyz.',
    ],
  }),
  testnet4: chain('testnet4', {
    coreName: 'testnet4',
    dataFolder: 'testnet4',
    magic: [0x1c, 0x16, 0x3f, 0x28],
    p2pPort: 48_333,
    rpcPort: 48_332,
    genesisHash: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
    merkleRoot: MERKLE_ROOT_TESTNET4,
    timeSeconds: 1_714_777_860,
    bits: 0x1d00_ffff,
    nonce: 393_743_547,
    dnsSeeds: ['seed.testnet4.bitcoin.sprovoost.nl.', 'seed.testnet4.wiz.biz.'],
  }),
  signet: chain('signet', {
    coreName: 'signet',
    dataFolder: 'signet',
    magic: [0x0a, 0x03, 0xcf, 0x40],
    p2pPort: 38_333,
    rpcPort: 38_332,
    genesisHash: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
    merkleRoot: MERKLE_ROOT,
    timeSeconds: 1_598_918_400,
    bits: 0x1e03_77ae,
    nonce: 52_613_770,
    dnsSeeds: ['seed.signet.bitcoin.sprovoost.nl.', 'seed.signet.achownodes.xyz.'],
  }),
  regtest: chain('regtest', {
    coreName: 'regtest',
    dataFolder: 'regtest',
    magic: [0xfa, 0xbf, 0xb5, 0xda],
    p2pPort: 18_444,
    rpcPort: 18_443,
    genesisHash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
    merkleRoot: MERKLE_ROOT,
    timeSeconds: 1_296_688_602,
    bits: 0x207f_ffff,
    nonce: 2,
    // Never resolves (RFC 2606), but lets the code that asks seeds run in tests.
    dnsSeeds: ['dummySeed.invalid.'],
  }),
};

/**
 * The parameters of a signet of one's own: those of the public signet, with its own magic and without its seeds.
 *
 * @param challenge - The script that the blocks of the network must satisfy.
 * @param dnsSeeds - Absolute names, if the network has seeds.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the challenge is not a Uint8Array.
 * @see BIP 325
 */
export function customSignetParams(challenge: Uint8Array, dnsSeeds: readonly string[] = []): ChainParams {
  if (!isBytes(challenge)) throw invalidArg('challenge', 'a Uint8Array', challenge);
  const magic = doubleSha256(new ByteWriter().varBytes(challenge).finish()).slice(0, 4);
  return { ...CHAIN_PARAMS.signet, magic, dnsSeeds, fixedSeeds: new Uint8Array(0) };
}
