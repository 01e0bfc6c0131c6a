// The version of this package, as package.json says it.

/** Written in by the build (scripts/build-ts.mjs), and by vitest.config.ts for the sources. */
declare const SOCKMAN_VERSION: string;

export const VERSION: string = SOCKMAN_VERSION;
