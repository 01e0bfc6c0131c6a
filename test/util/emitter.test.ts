import { describe, expect, it } from 'vitest';
import { Emitter } from '../../ts/util/emitter.ts';

interface Events {
  counted: number;
  named: string;
}

function emitter(): { events: Emitter<Events>; errors: unknown[] } {
  const errors: unknown[] = [];
  return { events: new Emitter<Events>((error, name) => errors.push([error, name])), errors };
}

describe('an emitter', () => {
  it('calls the listeners of an event in the order in which they were added', () => {
    const { events } = emitter();
    const heard: string[] = [];
    events.on('counted', (count) => heard.push(`a${count}`));
    events.on('counted', (count) => heard.push(`b${count}`));
    events.on('named', (name) => heard.push(name));
    events.emit('counted', 1);
    expect(heard).toEqual(['a1', 'b1']);
  });

  it('forgets a listener once, even if the same function was added twice', () => {
    const { events } = emitter();
    let calls = 0;
    const listener = (): void => void calls++;
    const stop = events.on('counted', listener);
    events.on('counted', listener);
    stop();
    stop();
    events.emit('counted', 1);
    expect(calls).toBe(1);
  });

  it('says whether anybody listens', () => {
    const { events } = emitter();
    expect(events.has('counted')).toBe(false);
    const stop = events.on('counted', () => {});
    expect(events.has('counted')).toBe(true);
    stop();
    expect(events.has('counted')).toBe(false);
  });

  it.each([new Error('no'), 'text', null, undefined])(
    'reports that a listener threw %s and calls the others',
    (thrown) => {
      const { events, errors } = emitter();
      let calls = 0;
      events.on('counted', () => {
        throw thrown;
      });
      events.on('counted', () => void calls++);
      events.emit('counted', 1);
      expect(calls).toBe(1);
      expect(errors).toEqual([[thrown, 'counted']]);
    },
  );

  it('lets listeners come and go while it emits, from the next event on', () => {
    const { events } = emitter();
    const heard: string[] = [];
    const stop = events.on('counted', () => {
      heard.push('first');
      stop();
      events.on('counted', () => heard.push('late'));
    });
    events.on('counted', () => heard.push('second'));
    events.emit('counted', 1);
    expect(heard).toEqual(['first', 'second']);
    events.emit('counted', 2);
    expect(heard).toEqual(['first', 'second', 'second', 'late']);
  });

  it('refuses a listener that is no function', () => {
    const { events } = emitter();
    expect(() => events.on('counted', 'x' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });
});
