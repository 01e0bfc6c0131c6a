// Nodes to try when neither the address book nor DNS knows any.
//
// Records of BIP 155 (network id, CompactSize length, address, port high byte first), one after the other, as hex. A
// short sample of Bitcoin Core's list, two nodes of each kind of network: enough to get in once one of them answers. The
// whole list of a release is `contrib/seeds` of Core; `readFixedSeeds` reads it in the same form.

import { readServiceV2 } from '../netaddr/encoding.ts';
import type { Service } from '../netaddr/service.ts';
import { ByteReader } from '../util/bytes/bytes.ts';

/** The built-in records of each chain. (Bitcoin Core src/chainparamsseeds.h) */
export const FIXED_SEEDS_HEX = {
  main:
    '0610fc11f76916e6361158ae1d4afcf757a4208d0610fc17436954144b1f5689d3ed4039335c208d0520d69e897f2c6723cf7a624408a7' +
    'd936c975046c1ddf82eb7d5d9d3aab9981ac5500000520d6f75d78ecbb97c820b39d44a2d40a27c8b8da8b86161eaa6c8591cbe315e0a9' +
    '00000104027974c6208d01040356b3eb208d021020011284f5029104419db3ea021661eb208d021020011284f5029104efbe8fa2f6aabd' +
    '51208d0420d05d8d128f14558654bcefa56966e65dcc2511c0948e3048267f153f25c1755a208d0420d0e48818f956958d31d114855fa2' +
    'b697618ee67004aed7dc479ce1461f313bc7208d',
  testnet3:
    '0610fc1f22c395dca3af4a938251beb91858479d05203906c09512e1f886c23676a9962a9dbd3d7043fc99bf2715a49c10a1d5a39d5200' +
    '0005204081ae55b29dd0ff9951d8bc35b206b71cf61635aec6f7a472f837418e917b2e000001041276e703479d010417e3dfd1479d0210' +
    '200141d00700544c0000000000000000479d0210200141d007006e790000000000000000479d0420d2e4d140655d95afe867c0e372fd0a' +
    '2e35b7bdac677836e1b8ba30cf2e05dd9d479d0420df8b654c4a31811509617d34fa32437895cf00e4f0acf7647a333d0fa8c382d2479d',
  testnet4:
    '0610fc1f22c395dca3af4a938251beb91858bccd0520d3bc2595637f34021869919a795710c0e0f5cd845695ec43a49dba1bb3ea346000' +
    '000520d8ee64356c53e740b8c315605b9c663dbbd97c99cc3a3af6cbd5d451980468ad00000104023b86f4bccd0104026e6a66bccd0210' +
    '20011ab07e1ed150be2411fffe036b30bccd0210200105a841647a0000000000000001f8bccd0420d711b08444c0c633e14277bae02343' +
    '65d1184eb6c399b562f6c82e158c0e370abccd0420d33984b2ee030d3cc944cb010b44e5474ed6e487af390d953b8e1363cf3d2776bccd',
  signet:
    '0610fc1f22c395dca3af4a938251beb9185895bd0520d74dd9c47c80241d482f52ba2aaf5df2fc0458564a610fde4ed81355985553c100' +
    '000520d8af32400d257291f5142aa77b9f6be8029f165ea0e06d85cc79f2e2c12be020000001042287bd6595bd010422fe61f495bd0210' +
    '200141d0200501000000000000000c7c95bd0210200141d0200501000000000000000c7d95bd0420d5203ebc20bb75e77cabfb61366947' +
    '24e0e1224b7bef3bc5f0377b6984501c4b95bd0420d6058a680106ef28263be84907ba2fe97dc6ce12d4814d018dee670e27b0ff8095bd',
  regtest: '',
} as const;

/**
 * Reads BIP 155 records to the end of the bytes.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not a whole number of well-formed records.
 */
export function readFixedSeeds(records: Uint8Array): Service[] {
  const reader = new ByteReader(records);
  const seeds: Service[] = [];
  while (reader.remaining > 0) seeds.push(readServiceV2(reader));
  return seeds;
}
