// Panels of lines, each with its observed range, as a hand-written SVG that follows the reader's light or dark theme.

const PANEL_WIDTH = 330;
const PANEL_HEIGHT = 190;
const GAP_X = 76;
const GAP_Y = 104;
const MARGIN = { left: 64, top: 100, right: 24, bottom: 44 };
const COLUMNS = 2;
const COLOURS = ['#1971c2', '#d9480f', '#2b8a3e', '#c2255c'];
const DASHES = ['', '6 3', '2 3', '8 3 2 3'];

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const label = (x, y, text, attributes = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(text)}</text>`;

/**
 * One scale of a panel. A logarithmic one begins at its first tick; lower values are drawn there.
 *
 * @typedef {{ title: string, ticks: number[], isLog?: boolean }} Axis
 *
 * A point is x, y, and optionally the lowest and the highest y that were seen.
 * @typedef {[x: number, y: number, low?: number, high?: number]} Point
 *
 * @typedef {{ title: string, x: Axis, y: Axis, lines: { name: string, points: Point[] }[] }} Panel
 */

/** Maps values of an axis to pixels. @param {Axis} axis @param {number} start @param {number} end */
function scaleOf({ ticks, isLog = false }, start, end) {
  const at = isLog ? (value) => Math.log10(Math.max(value, ticks[0])) : (value) => value;
  const [low, high] = [at(ticks[0]), at(ticks.at(-1))];
  return (value) => start + Math.min(Math.max((at(value) - low) / (high - low), 0), 1) * (end - start);
}

/** @param {Panel} panel @param {number} index */
function drawPanel({ title, x: xAxis, y: yAxis, lines }, index) {
  const left = MARGIN.left + (index % COLUMNS) * (PANEL_WIDTH + GAP_X);
  const top = MARGIN.top + Math.floor(index / COLUMNS) * (PANEL_HEIGHT + GAP_Y);
  const bottom = top + PANEL_HEIGHT;
  const x = scaleOf(xAxis, left, left + PANEL_WIDTH);
  const y = scaleOf(yAxis, bottom, top);
  const path = (points) => points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
  const ranges = lines.map(({ points }, line) => {
    const upper = points.map(([px, py, , high = py]) => [px, high]);
    const lower = points.map(([px, py, low = py]) => [px, low]);
    return `<polygon points="${path([...upper, ...lower.reverse()])}" fill="${COLOURS[line]}" opacity="0.18"/>`;
  });
  let keyX = left;
  const drawn = lines.flatMap(({ name, points }, line) => {
    const stroke = `stroke="${COLOURS[line]}" stroke-width="2" stroke-dasharray="${DASHES[line]}"`;
    const parts = [
      `<polyline points="${path(points)}" fill="none" ${stroke}/>`,
      `<path d="M${keyX} ${top - 16}h20" ${stroke}/>`,
      label(keyX + 25, top - 12, name, 'class="faint"'),
    ];
    keyX += 42 + name.length * 5.8;
    return parts;
  });
  return [
    label(left, top - 32, title, 'class="title"'),
    ...yAxis.ticks.flatMap((value) => [
      `<line class="grid" x1="${left}" x2="${left + PANEL_WIDTH}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}"/>`,
      label(left - 8, y(value) + 4, value.toLocaleString('en'), 'text-anchor="end" class="faint"'),
    ]),
    ...xAxis.ticks.map((value) =>
      label(x(value), bottom + 16, value.toLocaleString('en'), 'text-anchor="middle" class="faint"'),
    ),
    label(left + PANEL_WIDTH / 2, bottom + 33, xAxis.title, 'text-anchor="middle"'),
    ...ranges,
    ...drawn,
  ];
}

/**
 * @param {string} title
 * @param {string} subtitle
 * @param {Panel[]} panels
 * @returns {string} An SVG document.
 */
export function drawLineChart(title, subtitle, panels) {
  const rows = Math.ceil(panels.length / COLUMNS);
  const width = MARGIN.left + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP_X + MARGIN.right;
  const height = MARGIN.top + rows * PANEL_HEIGHT + (rows - 1) * GAP_Y + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    '<style>',
    'svg { background: #fff; font: 12px system-ui, sans-serif } text { fill: #212529 } .title { font-weight: 600 }',
    '.head { font-size: 17px; font-weight: 600 } .faint { fill: #868e96; font-size: 11px } .grid { stroke: #dee2e6 }',
    '@media (prefers-color-scheme: dark) { svg { background: #16181b } text { fill: #e9ecef } .faint { fill: #adb5bd }',
    '  .grid { stroke: #343a40 } }',
    '</style>',
    label(MARGIN.left, 26, title, 'class="head"'),
    label(MARGIN.left, 44, subtitle, 'class="faint"'),
    ...panels.flatMap(drawPanel),
    '</svg>',
    '',
  ].join('\n');
}
