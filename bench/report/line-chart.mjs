// Panels of lines, as a hand-written SVG that follows the reader's light or dark theme.

const PANEL_WIDTH = 330;
const PANEL_HEIGHT = 190;
const GAP_X = 76;
const GAP_Y = 92;
const MARGIN = { left: 64, top: 56, right: 24, bottom: 44 };
const COLUMNS = 2;
const COLOURS = ['#1971c2', '#d9480f', '#2b8a3e', '#c2255c'];
const Y_TICKS = 4;

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const label = (x, y, text, attributes = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escape(text)}</text>`;

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} xTitle
 * @property {boolean} [isLogX]
 * @property {number[]} xTicks
 * @property {number} yMax
 * @property {{ name: string, points: [number, number][] }[]} lines
 */

/** @param {Panel} panel @param {number} index */
function drawPanel({ title, xTitle, isLogX = false, xTicks, yMax, lines }, index) {
  const left = MARGIN.left + (index % COLUMNS) * (PANEL_WIDTH + GAP_X);
  const top = MARGIN.top + Math.floor(index / COLUMNS) * (PANEL_HEIGHT + GAP_Y);
  const bottom = top + PANEL_HEIGHT;
  const scale = isLogX ? Math.log10 : (value) => value;
  const [low, high] = [scale(xTicks[0]), scale(xTicks.at(-1))];
  const x = (value) => left + ((scale(value) - low) / (high - low)) * PANEL_WIDTH;
  const y = (value) => bottom - (Math.min(value, yMax) / yMax) * PANEL_HEIGHT;
  const rows = Array.from({ length: Y_TICKS + 1 }, (_, tick) => (tick * yMax) / Y_TICKS);
  const drawn = lines.flatMap(({ name, points }, line) => {
    const colour = COLOURS[line % COLOURS.length];
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
    const keyX = left + line * (PANEL_WIDTH / lines.length);
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<rect x="${keyX}" y="${top - 21}" width="10" height="10" fill="${colour}"/>`,
      label(keyX + 15, top - 12, name, 'class="faint"'),
    ];
  });
  return [
    label(left, top - 32, title, 'class="title"'),
    ...rows.flatMap((value) => [
      `<line class="grid" x1="${left}" x2="${left + PANEL_WIDTH}" y1="${y(value)}" y2="${y(value)}"/>`,
      label(left - 8, y(value) + 4, value.toLocaleString('en'), 'text-anchor="end" class="faint"'),
    ]),
    ...xTicks.map((value) =>
      label(x(value), bottom + 16, value.toLocaleString('en'), 'text-anchor="middle" class="faint"'),
    ),
    label(left + PANEL_WIDTH / 2, bottom + 33, xTitle, 'text-anchor="middle"'),
    ...drawn,
  ];
}

/**
 * @param {string} title
 * @param {Panel[]} panels
 * @returns {string} An SVG document.
 */
export function drawLineChart(title, panels) {
  const rows = Math.ceil(panels.length / COLUMNS);
  const width = MARGIN.left + COLUMNS * PANEL_WIDTH + (COLUMNS - 1) * GAP_X + MARGIN.right;
  const height = MARGIN.top + rows * PANEL_HEIGHT + (rows - 1) * GAP_Y + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    '<style>',
    'svg { background: #fff; font: 12px system-ui, sans-serif } text { fill: #212529 } .title { font-weight: 600 }',
    '.faint { fill: #868e96; font-size: 11px } .grid { stroke: #dee2e6 }',
    '@media (prefers-color-scheme: dark) { svg { background: #16181b } text { fill: #e9ecef } .faint { fill: #adb5bd }',
    '  .grid { stroke: #343a40 } }',
    '</style>',
    ...panels.flatMap(drawPanel),
    '</svg>',
    '',
  ].join('\n');
}
