// Whether this installation can lock a folder, for tests of two nodes on one.

import { createRequire } from 'node:module';

/** Why locks cannot be tested here; undefined if they can. */
export const noFolderLocks: string | undefined = ((): string | undefined => {
  try {
    createRequire(import.meta.url).resolve('fs-native-extensions');
    return undefined;
  } catch {
    return 'the optional package fs-native-extensions is not installed';
  }
})();
