// Waiting without sleeping: a test names a condition, and every event checks whether it holds.

/** How long a test waits for something that must happen, in milliseconds: far more than needed on a busy machine. */
export const DEADLINE_MS = 8_000;

const watchers = new Set<() => void>();

/** Says that something happened. The probes and peers of this folder call it after each event. */
export function noteProgress(): void {
  for (const look of [...watchers]) look();
}

/**
 * Resolves once `condition` holds; checks now and after each `noteProgress`.
 *
 * @param what - What is awaited, for the failure.
 */
export function until(what: string, condition: () => boolean, deadlineMs = DEADLINE_MS): Promise<void> {
  const { promise, resolve, reject } = withResolvers();
  const late = new Error(`waited in vain for ${what}`);
  const timer = setTimeout(() => {
    watchers.delete(look);
    reject(late);
  }, deadlineMs);
  const look = (): void => {
    try {
      if (!condition()) return;
      resolve();
    } catch (error) {
      reject(error);
    }
    watchers.delete(look);
    clearTimeout(timer);
  };
  watchers.add(look);
  look();
  return promise;
}

/** The value of a promise that must settle before the deadline. */
export async function inTime<Value>(what: string, promise: Promise<Value>, deadlineMs = DEADLINE_MS): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Error(`waited in vain for ${what}`);
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), deadlineMs);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
