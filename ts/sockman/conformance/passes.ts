// Checks of passes: a sink without time left postpones the turn, and gets it again.

import * as assert from 'node:assert';

import { SLOT_MASK } from '../backends/backend.ts';
import type { CheckMaker } from './check.ts';

/** Adds the checks of postponed turns. */
export function checkPasses(check: CheckMaker): void {
  check('passes: a turn that is put off comes again, as it was, in the next pass', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    let refusals = 0;
    let passes = 0;
    listening.refusals = 3;
    listening.onRefusal = () => {
      assert.strictEqual(passes, refusals++, 'a turn of the host lies between two passes');
      setImmediate(() => passes++);
      // What arrives meanwhile waits behind it.
      dialing.send(client, '!');
    };
    dialing.send(client, 'put off');
    await listening.until('all bytes', () => listening.of(server).text === 'put off!!!');
  });

  check('passes: no slot is given away while a turn is put off', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair();
    let replacement = -1;
    listening.refusals = 1;
    listening.onRefusal = () => {
      listening.backend.close(server);
      replacement = listening.connect(bound);
    };
    dialing.send(client, 'for a socket that goes');
    await listening.until(
      'the new connection',
      () => replacement !== -1 && listening.of(replacement).has('connected 0'),
    );
    assert.notStrictEqual(replacement & SLOT_MASK, server & SLOT_MASK);
  });
}
