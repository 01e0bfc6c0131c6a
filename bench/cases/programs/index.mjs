// Benches that measure in a process of their own, with a fresh heap and freshly compiled code. Each is a program in this
// folder that prints its results; with `--smoke` it only shows that everything still runs. They take a minute or more each,
// and so run on request only.

/** @param {string} name @param {string} question @returns {import('../../lib/types.mjs').Bench} */
const program = (name, question) => ({ name, question, kind: 'program', isOnRequest: true });

export const PROGRAMS = [
  program('instructions', 'How many instructions does a message take in user space?'),
  program('p2p-v1', "How fast does one connection's V1 stream become messages?"),
  program('p2p-v2', 'What does V2 cost: a handshake, a small message, a megabyte?'),
  program('p2p-crowd', 'What do 10,000 handshaken V2 peers cost?'),
  program('addrman', 'How quick is the address manager, and how much memory does it take?'),
  program('network-life', 'What becomes of a node on a network of thousands, and what can an attacker do to it?'),
  program('dial-socks5', 'What does it cost to dial through a SOCKS5 proxy?'),
  program('crawl', 'What does a visit of a crawl cost, beside C and node:net?'),
  program('frontier', "What does a crawl's frontier cost with millions of addresses, beside a Map of strings?"),
  program('monitor', 'What does a held peer cost: memory, rest, and a block that all announce?'),
  program('fleet', 'What does a fleet cost beside one crawler, and what do the reports of a round?'),
  program('stratum', 'What does Stratum V2 cost?'),
  program('watch', 'What does being watched cost: a scrape of ten thousand peers, and pages that are open?'),
];
