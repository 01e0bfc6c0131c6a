// The chart: one line for each case, one dot for each server, in two panels: rate and CPU for each message, both beside
// the better C loop, which is the line at 1. Hand-written SVG that follows the reader's light or dark theme.

const LABEL_WIDTH = 250;
const PANEL_WIDTH = 300;
const PANEL_GAP = 40;
const ROW_HEIGHT = 26;
const TOP = 84;
const RIGHT = 24;

/** @type {{ peer: string, title: string, colour: string }[]} */
const SERIES = [
  { peer: 'sockman', title: 'SockMan', colour: '#d9480f' },
  { peer: 'sockman-node-net', title: 'SockMan on node:net', colour: '#f0a35e' },
  { peer: 'libuv', title: 'C libuv', colour: '#868e96' },
  { peer: 'node-net', title: 'node:net', colour: '#2b8a3e' },
  { peer: 'bun', title: 'Bun', colour: '#c2255c' },
  { peer: 'deno', title: 'Deno', colour: '#1971c2' },
];

const PANELS = [
  { key: 'rateRatio', title: 'rate ÷ C loop (more is better)', ticks: [0, 0.25, 0.5, 0.75, 1, 1.25] },
  { key: 'cpuRatio', title: 'CPU per message ÷ C loop (less is better)', ticks: [0, 1, 2, 3, 4, 5] },
];

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** @param {number} x @param {number} y @param {string} text @param {string} [attributes] */
const label = (x, y, text, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${escape(text)}</text>`;

function drawLegend(series) {
  let x = LABEL_WIDTH;
  return series.flatMap(({ title, colour }) => {
    const parts = [`<circle cx="${x + 5}" cy="20" r="5" fill="${colour}"/>`, label(x + 15, 24, title)];
    x += 34 + title.length * 6.6;
    return parts;
  });
}

function drawPanel({ key, title, ticks }, left, series, tables) {
  const most = ticks[ticks.length - 1];
  const x = (value) => left + (Math.min(value, most) / most) * PANEL_WIDTH;
  const bottom = TOP + tables.length * ROW_HEIGHT;
  const grid = ticks.flatMap((tick) => [
    `<line class="${tick === 1 ? 'one' : 'grid'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 8}" y2="${bottom}"/>`,
    label(x(tick), TOP - 14, String(tick), 'text-anchor="middle" class="faint"'),
  ]);
  const dots = tables.flatMap((table, row) => {
    const y = TOP + row * ROW_HEIGHT + ROW_HEIGHT / 2;
    // The last drawn is on top: the series in reverse order.
    return series.toReversed().flatMap(({ peer, title: name, colour }) => {
      const value = table.rows.find((entry) => entry.peer === peer)?.values[key];
      if (value === undefined || !Number.isFinite(value)) return [];
      // Values beyond the scale are drawn hollow at its edge; the table has the number.
      const fill = value > most ? `fill="none" stroke="${colour}" stroke-width="2"` : `fill="${colour}"`;
      const tip = `<title>${escape(`${name}, ${table.title}: ${value.toFixed(2)}`)}</title>`;
      return [
        `<circle cx="${x(value).toFixed(1)}" cy="${y}" r="${peer === 'sockman' ? 6 : 4.5}" ${fill}>${tip}</circle>`,
      ];
    });
  });
  return [label(left, TOP - 34, title, 'class="title"'), ...grid, ...dots];
}

/**
 * @param {import('../lib/types.mjs').Table[]} tables
 * @returns {string} An SVG document.
 */
export function drawChart(tables) {
  const shown = tables.filter(
    ({ columns, rows }) => columns === 'traffic' && rows.some(({ values }) => values.rateRatio),
  );
  const series = SERIES.filter(({ peer }) => shown.some(({ rows }) => rows.some((row) => row.peer === peer)));
  const width = LABEL_WIDTH + 2 * PANEL_WIDTH + PANEL_GAP + RIGHT;
  const height = TOP + shown.length * ROW_HEIGHT + 16;
  const rows = shown.flatMap(({ title }, row) => {
    const y = TOP + row * ROW_HEIGHT;
    const stripe = `<rect class="stripe" x="0" y="${y}" width="${width}" height="${ROW_HEIGHT}"/>`;
    const short = title.length > 40 ? `${title.slice(0, 39)}…` : title;
    return [...(row % 2 === 0 ? [stripe] : []), label(12, y + ROW_HEIGHT / 2 + 4, short)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Rate and CPU per message of each server beside a C epoll loop">`,
    '<style>',
    'svg { background: #fff; font: 12px system-ui, sans-serif } text { fill: #212529 } .title { font-weight: 600 }',
    '.faint { fill: #868e96; font-size: 11px } .grid { stroke: #dee2e6 } .one { stroke: #495057; stroke-width: 1.5 }',
    '.stripe { fill: #f1f3f5 }',
    '@media (prefers-color-scheme: dark) { svg { background: #16181b } text { fill: #e9ecef } .faint { fill: #adb5bd }',
    '  .grid { stroke: #343a40 } .one { stroke: #ced4da } .stripe { fill: #1f2226 } }',
    '</style>',
    ...rows,
    ...drawLegend(series),
    ...PANELS.flatMap((panel, i) => drawPanel(panel, LABEL_WIDTH + i * (PANEL_WIDTH + PANEL_GAP), series, shown)),
    '</svg>',
    '',
  ].join('\n');
}
