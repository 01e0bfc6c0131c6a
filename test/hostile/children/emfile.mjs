// An episode without descriptors: peers knock while none are left, and are let in once some are free.
// Run with a low `ulimit -n`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as timePassing } from 'node:timers/promises';
import { createSockMan } from '../../../esm/index.js';

if (process.argv[2] === 'peers') await knock();
else await run();

async function run() {
  const warnings = [];
  const logger = { debug() {}, info() {}, warn: (text) => warnings.push(text), error() {} };
  let whenAccepted = () => {};
  const sockMan = createSockMan(
    {
      eventNewConnectionAccepted: () => {
        process.nextTick(() => whenAccepted());
        return true;
      },
      eventGotData: (nodeId, data) => void sockMan.sendBytes(nodeId, data),
    },
    { logger },
  );
  const { bound } = sockMan.bindAndStartListening('127.0.0.1:0');
  sockMan.startSocketsThreads();

  // The peers live in another process, with descriptors of their own.
  const peers = spawn(process.execPath, [fileURLToPath(import.meta.url), 'peers', String(bound.port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const says = async (word) => {
    for await (const line of lines(peers.stdout)) if (line === word) return;
    assert.fail(`the peers never said ${word}`);
  };
  const accepted = async (count) => {
    while (sockMan.stats().accepted < count) await new Promise((resolve) => (whenAccepted = resolve));
  };
  peers.stdin.write('5\n');
  await accepted(5);

  for (let episode = 1; episode <= 2; episode++) {
    const before = sockMan.stats().accepted;
    const taken = [];
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch (error) {
      assert.equal(error.code, 'EMFILE');
    }
    peers.stdin.write('3\n');
    // Long enough for several tries: this measures that they neither spin nor repeat themselves.
    const turns = sockMan.stats().turns;
    const cpu = process.cpuUsage();
    await timePassing(600);
    const { user, system } = process.cpuUsage(cpu);
    assert.equal(sockMan.stats().accepted, before);
    assert.ok(sockMan.stats().turns - turns <= 20, `${sockMan.stats().turns - turns} turns`);
    assert.ok(user + system < 300_000, `${user + system} us of CPU`);
    assert.equal(sockMan.stats().acceptExhaustedEpisodes, episode);
    assert.equal(warnings.length, episode);
    for (const descriptor of taken) closeSync(descriptor);
    await accepted(before + 3);
  }
  peers.stdin.write('echo\n');
  await says('echoed');
  peers.stdin.end();
  await once(peers, 'exit');
  await sockMan[Symbol.asyncDispose]();
}

/** Connects as many times as each line of standard input says; `echo` has all connections echo. */
async function knock() {
  const port = Number(process.argv[3]);
  const sockets = [];
  for await (const line of lines(process.stdin)) {
    if (line === 'echo') {
      await Promise.all(sockets.map((socket) => (socket.write('x'), once(socket, 'data'))));
      process.stdout.write('echoed\n');
    } else for (let count = 0; count < Number(line); count++) sockets.push(net.connect(port, '127.0.0.1'));
  }
  for (const socket of sockets) socket.destroy();
}

async function* lines(stream) {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const text of stream) {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    yield* parts;
  }
}
