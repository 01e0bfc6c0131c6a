// The conformance suite finds what is wrong with a backend: each row breaks one thing, and names the check that sees it.

import { describe, expect, it } from 'vitest';
import type { Backend, BatchSink } from '../../../ts/backend.ts';
import { MemoryNetwork, backendChecks } from '../../../ts/testing.ts';
import type { BackendOptions } from '../../../ts/testing.ts';

/** What a broken backend does in place of the whole one. */
type Break = (whole: Backend) => Partial<Backend>;

interface Fault {
  readonly breakBackend?: Break;
  readonly breakOptions?: (options: BackendOptions) => BackendOptions;
  /** The check that fails over it. */
  readonly check: string;
}

/** Names the address of the other end. */
const swapEnds: Break = (whole) => ({
  addressOf: (handle, end) => whole.addressOf(handle, end === 'local' ? 'remote' : 'local'),
});

/** Makes a turn inside `connect`. */
const reportInside: Break = (whole) => {
  let sink: BatchSink | undefined;
  return {
    start: (given) => whole.start((sink = given)),
    connect: (to, options) => {
      sink?.turn(1, true);
      return whole.connect(to, options);
    },
  };
};

/** Has the sink's turns go through a function of its own. */
const onTurns =
  (turn: (sink: BatchSink, recordCount: number, isNewPass: boolean) => boolean): Break =>
  (whole) => ({
    start: (sink) =>
      whole.start({
        turn: (recordCount, isNewPass) => turn(sink, recordCount, isNewPass),
        failed: (errno) => sink.failed(errno),
      }),
  });

const FAULTS: Readonly<Record<string, Fault>> = {
  'sends bytes later, from the memory of the caller': {
    breakBackend: (whole) => ({
      send: (handle, data, willSendMore) => {
        setImmediate(() => whole.send(handle, data, willSendMore));
        return data.length;
      },
    }),
    check: 'receiving: copies nothing that the caller changes after send',
  },
  'takes an address in use for free': {
    breakBackend: (whole) => ({
      listen: (at, options) => {
        const result = whole.listen(at, options);
        return result.ok ? result : { ok: true, handle: 4_711, bound: at };
      },
    }),
    check: 'listening: refuses an address in use with EADDRINUSE at once, and leaves nothing open',
  },
  'reports from inside a call': {
    breakBackend: reportInside,
    check: 'connecting: never reports an outcome from inside the call',
  },
  'receives more at a time than it may': {
    breakOptions: (options) => ({ ...options, receiveChunkBytes: 2 * options.receiveChunkBytes }),
    check: 'receiving: takes at most receiveChunkBytes from a socket in a turn',
  },
  'accepts more at a time than it may': {
    breakOptions: (options) => ({ ...options, acceptBatch: 64 }),
    check: 'listening: accepts no more than acceptBatch sockets from a listener in a turn',
  },
  'cannot stop receiving': {
    breakBackend: () => ({ setReceiving: () => {} }),
    check: 'receiving: reports nothing while receiving is off, then everything, then the end',
  },
  'goes on after stop': {
    breakBackend: () => ({ stop: () => {} }),
    check: 'stopping: makes no turn after stop, from inside a turn too',
  },
  'answers for handles that are gone': {
    breakBackend: () => ({ shutdownSend: () => 0 }),
    check: 'ending: takes any call on a closed handle for nothing',
  },
  'confuses the two ends': {
    breakBackend: swapEnds,
    check: 'connecting: names the same two ends on both sides',
  },
  'counts nothing': {
    breakBackend: () => ({ countersOf: () => undefined }),
    check: 'receiving: delivers bytes in order, both ways, and counts them',
  },
  'writes results behind the last one': {
    breakBackend: (whole) => ({
      sendMany: (handles, count, data, willSendMore, results) => {
        whole.sendMany(handles, count, data, willSendMore, results);
        results[count] = 0;
      },
    }),
    check: 'sending: sends the same bytes to many, with a result for each',
  },
  'forgets a turn that was put off': {
    breakBackend: onTurns((sink, recordCount, isNewPass) => {
      sink.turn(recordCount, isNewPass);
      return true;
    }),
    check: 'passes: a turn that is put off comes again, as it was, in the next pass',
  },
  'takes a turn that comes again for the same pass': {
    breakBackend: onTurns((sink, recordCount) => sink.turn(recordCount, false)),
    check: 'passes: a turn that is put off comes again, as it was, in the next pass',
  },
  'repeats a turn that was put off before anybody else had theirs': {
    breakBackend: onTurns((sink, recordCount, isNewPass) => {
      let isNew = isNewPass;
      while (!sink.turn(recordCount, isNew)) isNew = true;
      return true;
    }),
    check: 'passes: a turn that is put off comes again, as it was, in the next pass',
  },
  'takes any amount at a time': {
    breakBackend: (whole) => ({
      send: (handle, data, willSendMore) => Math.max(whole.send(handle, data, willSendMore), data.length),
    }),
    check: 'sending: takes no more than fits, and tells once when there is room again',
  },
  'lends one place in the slab twice': {
    breakBackend: () => ({ deferredOffset: 0 }),
    check: 'receiving: delivers bytes in order, both ways, and counts them',
  },
};

/** The checks over backends in memory with a fault. */
function checksOf({ breakBackend, breakOptions }: Omit<Fault, 'check'>): ReturnType<typeof backendChecks> {
  return backendChecks(() => {
    const net = new MemoryNetwork({ autoRun: true });
    return (options) => {
      const whole = net.createBackend(breakOptions?.(options) ?? options);
      const broken = breakBackend?.(whole) ?? {};
      return new Proxy(whole, {
        get: (_, name) => {
          const value: unknown = Reflect.get(name in broken ? broken : whole, name);
          return typeof value === 'function' && !(name in broken) ? (value.bind(whole) as unknown) : value;
        },
      });
    };
  });
}

describe('the conformance suite', () => {
  it('has a name for each check that no other has', () => {
    const names = checksOf({}).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(45);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(Object.entries(FAULTS))('fails over a backend that %s', async (_, { check: name, ...fault }) => {
    const whole = checksOf({}).find((check) => check.name === name)!;
    await whole.run();
    const broken = checksOf(fault).find((check) => check.name === name)!;
    await expect(broken.run()).rejects.toMatchObject({ code: 'ERR_ASSERTION' });
  });

  it('gives a reason with each check that a backend cannot pass here', () => {
    const checks = backendChecks(() => new MemoryNetwork().createBackend, { noReusePort: 'no such option' });
    expect(checks.filter(({ skip }) => skip !== undefined).map(({ skip }) => skip)).toEqual(['no such option']);
  });
});
