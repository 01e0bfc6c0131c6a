// The port of a template provider on each chain. (sv2-tp `-sv2port`)

export const SV2_PORTS = { main: 8_442, testnet3: 18_442, testnet4: 48_442, signet: 38_442, regtest: 18_447 } as const;
