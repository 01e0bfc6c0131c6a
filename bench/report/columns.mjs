// The columns of each kind of table, and the format of their numbers.

/** @param {number} value @param {string[]} units - Each is 1,000 times the one before. */
function scaled(value, units) {
  let unit = 0;
  for (; Math.abs(value) >= 999.5 && unit < units.length - 1; ++unit) value /= 1_000;
  const digits =
    Math.abs(value) >= 99.5 || (unit === 0 && Number.isInteger(value)) ? 0 : Math.abs(value) >= 9.95 ? 1 : 2;
  return `${value.toFixed(digits)}${units[unit]}`;
}

const rate = (value) => scaled(value, ['/s', ' k/s', ' M/s']);
const nanoseconds = (value) => scaled(value, [' ns', ' µs', ' ms', ' s']);
const seconds = (value) => nanoseconds(value * 1e9);
const bytes = (value) => scaled(value, [' B', ' kB', ' MB', ' GB']);
const milliseconds = (value) => `${value.toFixed(1)} ms`;
const ratio = (value) => `${value.toFixed(2)} ×`;
const percent = (value) => `${(value * 100).toFixed(0)} %`;
const finePercent = (value) => `${(value * 100).toFixed(2)} %`;
const count = (value) => String(value);

/** @type {Record<string, import('../lib/types.mjs').Column[]>} */
const COLUMNS = {
  traffic: [
    { key: 'rate', heading: 'rate', format: rate },
    { key: 'spread', heading: '±', format: percent },
    { key: 'rateRatio', heading: 'to C', format: ratio },
    { key: 'keptRate', heading: 'to alone', format: ratio },
    { key: 'p50', heading: 'p50', format: nanoseconds },
    { key: 'p99', heading: 'p99', format: nanoseconds },
    { key: 'cpu', heading: 'CPU each', format: seconds },
    { key: 'cpuRatio', heading: 'to C', format: ratio },
    { key: 'userCpu', heading: 'user', format: seconds },
    { key: 'systemCpu', heading: 'system', format: seconds },
    { key: 'serverUse', heading: 'server core', format: percent },
    { key: 'loadUse', heading: 'load core', format: percent },
    { key: 'residentBytes', heading: 'RSS', format: bytes },
  ],
  idle: [
    { key: 'idleCpu', heading: 'CPU', format: finePercent },
    { key: 'bytesPerConnection', heading: 'memory each', format: bytes },
    { key: 'emptyBytes', heading: 'process without', format: bytes },
  ],
  soak: [
    { key: 'cyclesPerSecond', heading: 'rate', format: rate },
    { key: 'halfwayBytes', heading: 'after half', format: bytes },
    { key: 'lastBytes', heading: 'at the end', format: bytes },
    { key: 'growthPerCycle', heading: 'growth per connection', format: bytes },
    { key: 'leakedDescriptors', heading: 'descriptors left', format: count },
  ],
  floods: [
    { key: 'beforeBytes', heading: 'RSS before', format: bytes },
    { key: 'peakBytes', heading: 'peak', format: bytes },
    { key: 'leftBytes', heading: 'after 10 s', format: bytes },
    { key: 'leftSockets', heading: 'connections then', format: count },
    { key: 'cpu', heading: 'CPU', format: percent },
    { key: 'p50Ms', heading: 'pong p50', format: milliseconds },
    { key: 'worstMs', heading: 'worst', format: milliseconds },
    { key: 'lagMs', heading: 'lag', format: milliseconds },
    { key: 'takenBytes', heading: 'taken', format: bytes },
    { key: 'handshakes', heading: 'handshakes', format: count },
    { key: 'lost', heading: 'honest lost', format: count },
    { key: 'stopMs', heading: 'stop', format: milliseconds },
    { key: 'missed', heading: 'goals missed', format: (/** @type {any} */ words) => words },
  ],
  import: [
    { key: 'wallMs', heading: 'wall time', format: milliseconds },
    { key: 'spread', heading: '±', format: percent },
    { key: 'extraMs', heading: 'beyond empty', format: milliseconds },
  ],
};

/**
 * The columns of a table that hold a value in at least one row.
 * @param {import('../lib/types.mjs').Table} table
 */
export function columnsOf(table) {
  return COLUMNS[table.columns].filter(({ key }) => table.rows.some(({ values }) => values[key] !== undefined));
}

/** @param {import('../lib/types.mjs').Column} column @param {Record<string, number | undefined>} values */
export function cell({ key, format }, values) {
  const value = values[key];
  return value === undefined || Number.isNaN(value) ? '–' : format(value);
}
