// Many dials by one process, for the bench dial-socks5: the arguments and the output are those of servers/dial-socks5.c.

/** As in dial-socks5.c. */
const WARM_UP_DIALS = 10_000;

/**
 * Keeps `window` dials in flight until `count` are done.
 * @param {() => Promise<void>} dialOnce @param {number} count @param {number} window
 */
async function dialAll(dialOnce, count, window) {
  let started = 0;
  const dialOn = async () => {
    while (started < count) {
      started += 1;
      await dialOnce();
    }
  };
  await Promise.all(Array.from({ length: window }, dialOn));
}

/**
 * @param {() => Promise<void>} dialOnce - Dials and closes. @param {number} count @param {number} window
 * @returns {Promise<{ seconds: number, user: number, system: number }>} Time and CPU of all dials, in seconds.
 */
export async function measureDials(dialOnce, count, window) {
  await dialAll(dialOnce, Math.min(WARM_UP_DIALS, count), window);
  const cpu = process.cpuUsage();
  const began = performance.now();
  await dialAll(dialOnce, count, window);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, user: user / 1e6, system: system / 1e6 };
}
