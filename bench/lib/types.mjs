// The shapes the bench's files share, as JSDoc types; nothing runs here.

/**
 * The command-line options of the load generator, in camelCase. See `load/load.h`.
 * @typedef {{ mode: string, connections?: number, messageBytes?: number, depth?: number, idle?: number, flood?: number,
 *   slow?: number, slowReadBytes?: number, cycles?: number, warmupMs?: number, windowMs?: number }} Load
 */

/**
 * One line of the load generator.
 * @typedef {{ messages: number, seconds: number, serverCpuSeconds: number, loadCpuSeconds: number,
 *   serverUserTicks: number, serverSystemTicks: number,
 *   serverResidentBytes: number, backgroundBytes: number,
 *   latencyNs: { p50: number, p99: number, max: number } }} LoadReport
 */

/**
 * One measured situation. `goal` is SockMan's goal against the better C loop; `comparedWith` names a case of the same
 * bench to compare this one's rate with; `windows` is the number of windows in a round, for messages so long that few are whole
 * in one.
 * @typedef {{ name: string, title: string, load: Load, windows?: number, goal?: { rate?: number, cpu?: number }, comparedWith?: string }} Case
 */

/**
 * One question. `kind` says how it is measured: `traffic` (the rounds of `traffic.mjs`), `idle`, `soak`, `import`, `floods`,
 * `http`, `http-rpc` and `http-idle`, which are the first two with HTTP servers, or `program`, a process of its own. One that is on
 * request runs if it is named, and in smoke runs.
 * @typedef {{ name: string, question: string,
 *   kind: 'traffic' | 'idle' | 'soak' | 'import' | 'floods' | 'http' | 'http-idle' | 'http-rpc' | 'program',
 *   serverMode?: string, unit?: string, cases?: Case[], peers?: string[], isOnRequest?: boolean,
 *   warmUp?: Load, idleLoad?: Load }} Bench
 */

/**
 * One kind of server, and its command.
 * @typedef {{ name: string, title: string, command: (mode: string, collectsGarbage: boolean) => string[],
 *   isYardstick?: boolean, isOurs?: boolean, version?: string }} Peer
 */

/**
 * The options of the command line.
 * @typedef {{ isSmoke: boolean, rounds: number, windowMs: number, warmupMs: number, soakMinutes: number, peers: Peer[], programOptions: string[] }} Plan
 */

/**
 * One table of results: columns, and for each peer the value under each column's key. A value is a number, or
 * undefined where there is none. With columns `text` it is what a program printed, in `text`.
 * @typedef {{ key: string, heading: string, format: (value: number) => string }} Column
 * @typedef {{ bench: string, case: string, title: string, note?: string, columns: string, text?: string,
 *   goal?: { rate?: number, cpu?: number },
 *   rows: { peer: string, title: string, values: Record<string, number | undefined> }[] }} Table
 */

export {};
