// The style sheet of the report: light and dark by the reader's choice, without a script.

import { createHash } from 'node:crypto';

export const STYLE = `
/* ---------- tokens ---------- */
:root {
  color-scheme: light dark;
  --bg:      light-dark(#fcfcfb, #101214);
  --sunk:    light-dark(#f3f3f0, #181b1e);
  --line:    light-dark(#e4e4e0, #262a2f);   /* hairlines */
  --line-2:  light-dark(#c4c6c4, #434950);   /* axis, empty track edge */
  --text:    light-dark(#1a1c1f, #e8e9ea);
  --text-2:  light-dark(#50555c, #a9aeb5);   /* labels, secondary cells */
  --text-3:  light-dark(#696e75, #878d95);   /* units, ticks; still 4.5:1 */
  --accent:  light-dark(#b2470e, #f08a4b);   /* focus, and an unfinished round */

  --ipv4:    light-dark(#2f5dbc, #347be8);
  --ipv6:    light-dark(#179cc0, #b3e4fb);
  --onion:   light-dark(#a00b74, #cc4592);
  --i2p:     light-dark(#a08b2a, #dea211);
  --cjdns:   light-dark(#004b28, #56c4aa);
  --in:      light-dark(#2d3a49, #c9d2dc);   /* ink of bars */

  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
:root:has(#theme-light:checked) { color-scheme: light; }
:root:has(#theme-dark:checked)  { color-scheme: dark; }

.ipv4 { --c: var(--ipv4); } .ipv6 { --c: var(--ipv6); } .onion { --c: var(--onion); }
.i2p  { --c: var(--i2p); }  .cjdns { --c: var(--cjdns); }

/* ---------- base ---------- */
* { box-sizing: border-box; margin: 0; padding: 0; }
html { scroll-padding-top: 56px; }
body { background: var(--bg); color: var(--text); font: 14px/22px var(--sans); font-variant-numeric: tabular-nums; -webkit-text-size-adjust: 100%; }
.page { max-width: 1200px; margin: 0 auto; padding: 0 32px 64px; }
a { color: inherit; text-decoration: none; }
th { font-weight: 400; text-align: left; }
table { border-collapse: collapse; width: 100%; }
.num { text-align: right; }
.u { color: var(--text-3); font-weight: 400; }
.mono { font-family: var(--mono); font-size: .88em; font-variant-numeric: normal; }
.vh { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.dot { display: inline-block; width: 8px; height: 8px; border-radius: 50%; background: var(--c); margin-right: 7px; }

/* ---------- top ---------- */
.top { position: sticky; top: 0; z-index: 3; background: var(--bg); display: flex; align-items: baseline; gap: 24px; padding: 12px 0; border-bottom: 1px solid var(--line); font-size: 13px; }
.brand { font-weight: 600; white-space: nowrap; } .brand span { font-weight: 400; color: var(--text-2); }
.top nav { display: flex; gap: 18px; color: var(--text-2); overflow-x: auto; scrollbar-width: none; white-space: nowrap; }
.top nav a:hover { color: var(--text); }
.theme { border: 0; display: flex; gap: 10px; font-size: 12px; color: var(--text-3); margin-left: auto; }
.theme label { cursor: pointer; }
.theme label:hover { color: var(--text); }
.theme label:has(:checked) { color: var(--text); box-shadow: 0 1px 0 var(--text); }
.theme label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 2px; }
.theme input { position: absolute; opacity: 0; pointer-events: none; }

/* ---------- lead ---------- */
.lead { padding: 56px 0 44px; }
.date { color: var(--text-2); font-size: 13px; }
h1 { font-size: 40px; line-height: 48px; font-weight: 400; letter-spacing: -.025em; margin: 6px 0 12px; }
h1 b { font-weight: 600; }
.sum { font-size: 18px; line-height: 28px; max-width: 66ch; color: var(--text-2); text-wrap: pretty; }
.sum .u { color: inherit; }
.strip { margin-top: 32px; }
.strip .bar { height: 20px; }
.strip dl { display: flex; flex-wrap: wrap; gap: 4px 40px; padding-top: 10px; }
.strip dt { font-size: 12px; line-height: 18px; color: var(--text-2); }
.strip dd { font-size: 18px; line-height: 24px; font-weight: 500; letter-spacing: -.01em; }
.strip dd .u { font-size: 13px; letter-spacing: 0; }

/* ---------- sections: heading and note in the margin, evidence beside it ---------- */
section { display: grid; grid-template-columns: 208px minmax(0, 1fr); gap: 0 48px; border-top: 1px solid var(--line); padding: 20px 0 44px; }
h2 { font-size: 15px; line-height: 22px; font-weight: 600; }
section > header p { font-size: 13px; line-height: 19px; color: var(--text-2); padding-top: 4px; text-wrap: pretty; }
h3 { font-size: 13px; line-height: 22px; font-weight: 500; color: var(--text-2); }
.two { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 28px 48px; }
.two h3:not(:first-child) { margin-top: 22px; }
.note { font-size: 12px; line-height: 18px; color: var(--text-3); padding-top: 10px; max-width: 88ch; }
.note b { font-weight: 500; color: var(--text-2); }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; font-size: 12px; line-height: 18px; color: var(--text-2); padding-top: 6px; }
.wide { overflow-x: auto; }

/* ---------- tables ---------- */
.t { font-size: 13px; }
.t th, .t td { height: 30px; padding-left: 20px; white-space: nowrap; }
.t th:first-child { padding-left: 0; }
.t thead th { color: var(--text-3); font-size: 12px; height: 26px; box-shadow: inset 0 -1px 0 var(--line-2); }
.t tbody tr { box-shadow: inset 0 -1px 0 var(--line); }
.t tfoot { color: var(--text-2); }
.t .b { font-weight: 600; color: var(--text); }
.t .cell { width: 150px; padding-left: 12px; } .t .wide-cell { width: 300px; padding-left: 20px; }
.plain td:last-child { color: var(--text-3); width: 40%; }
.key { display: inline-block; width: 8px; height: 8px; background: var(--c); margin-right: 5px; }

/* ---------- marks ---------- */
.bar { display: block; width: 100%; height: 10px; }
.bar rect, .hist rect, .latgrid rect { fill: var(--c); }
.bar .track { fill: none; }
.o0 { --c: var(--text-2); } .o1 { --c: light-dark(#6d737a, #a3a9b0); } .o2 { --c: light-dark(#949a9f, #7b8289); }
.o3 { --c: light-dark(#b9bdc0, #565c63); } .o4 { --c: light-dark(#d6d8d9, #3d4248); } .o5 { --c: light-dark(#e9eaea, #2b2f34); }
.ink { --c: var(--in); } .all { --c: var(--in); }
.gridline { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.axis { stroke: var(--line-2); stroke-width: 1; vector-effect: non-scaling-stroke; }
.ln { fill: none; stroke: var(--c); stroke-width: 1.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.mark { stroke: var(--text); stroke-width: 1.25; vector-effect: non-scaling-stroke; }
.mark.dash { stroke-dasharray: 2 2; }
.ylab text, .xt text { font-size: 11px; fill: var(--text-3); }
.xt { display: block; overflow: visible; }

.bars { list-style: none; font-size: 13px; }
.bars li { display: grid; grid-template-columns: minmax(0, 14.5em) minmax(0, 1fr) 48px 48px; gap: 12px; align-items: center; height: 24px; }
.bars.long li { grid-template-columns: minmax(0, 226px) minmax(0, 1fr) 48px 48px; }
.bars .l { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars .mono { font-size: 12px; }
.bars .as { color: var(--text-3); margin-right: 8px; }
.bars .p, .prop .p { color: var(--text-3); }
.bars .bar { height: 8px; }

/* ---------- figures ---------- */
.plot { display: grid; grid-template-columns: minmax(0, 1fr) 56px; gap: 8px; }
.plot svg { display: block; width: 100%; height: 150px; overflow: visible; }
.plot .ylab { width: 56px; }
.x { display: flex; justify-content: space-between; font-size: 11px; line-height: 14px; color: var(--text-3); padding-top: 6px; }
.plot .x span { width: 0; display: flex; justify-content: center; white-space: nowrap; }
.plot .x span:first-child { justify-content: flex-start; } .plot .x span:last-child { justify-content: flex-end; }
.mults { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 24px 28px; padding-top: 24px; }
.mult { position: relative; font-size: 13px; }
.mult figcaption { display: flex; justify-content: space-between; } .mult b { font-weight: 600; }
.mult svg { display: block; width: 100%; height: 56px; margin: 4px 0; overflow: visible; }
.mult p { display: flex; justify-content: space-between; font-size: 12px; line-height: 16px; color: var(--text-3); }
.hist { padding-top: 8px; }
.hist > svg:first-child { display: block; width: 100%; height: 132px; overflow: visible; }
.two .hist > svg:first-child { height: 110px; }
.hist .x span { flex: 1 0 0; min-width: 0; display: flex; flex-direction: column; align-items: center; white-space: nowrap; } .hist .x i { font-style: normal; display: block; } .hist .x i + i { color: var(--text-2); font-size: 12px; line-height: 18px; }
.latgrid { display: grid; grid-template-columns: 64px repeat(3, minmax(0, 1fr)); gap: 10px 28px; }
.latgrid h3 { line-height: 18px; }
.latgrid svg:not(.xt) { display: block; width: 100%; height: 54px; overflow: visible; }
.latgrid .lat p { font-size: 12px; line-height: 16px; padding-top: 4px; color: var(--text-2); }
.latgrid .lat b { font-weight: 600; color: var(--text); }
.latgrid .xt { margin-top: -6px; }
.rowh { font-size: 13px; padding-top: 34px; }
.kline { display: inline-block; width: 0; height: 12px; border-left: 1.5px solid var(--text); margin: 0 6px -2px 0; }
.kline.dash { border-left-style: dotted; margin-left: 10px; }
.prop { display: grid; grid-template-columns: 64px minmax(0, 1fr) 60px 60px; gap: 0 12px; align-items: center; font-size: 13px; }
.prop .u { font-size: 12px; }
.prop svg { overflow: visible; display: block; }
.rng { stroke: var(--c); stroke-width: 2; }
.p50 { fill: var(--c); } .p90 { fill: var(--bg); stroke: var(--c); stroke-width: 1.5; }
.note svg { vertical-align: -1px; margin-right: 4px; }

/* tooltip without script: shown on hover and on keyboard focus */
.tip { position: absolute; left: 0; bottom: calc(100% + 4px); z-index: 2; display: none; background: var(--text); color: var(--bg); font-size: 12px; line-height: 16px; padding: 4px 8px; border-radius: 3px; white-space: nowrap; }
[tabindex="0"]:hover > .tip, [tabindex="0"]:focus-visible > .tip { display: block; }
.mult:last-child .tip { left: auto; right: 0; }

footer { border-top: 1px solid var(--line); padding-top: 16px; font-size: 12px; line-height: 20px; color: var(--text-3); max-width: 100ch; }
footer .mono { color: var(--text-2); }

.unfinished { color: var(--accent); }
.mono bdi, .bars bdi { unicode-bidi: isolate; }

@media (max-width: 1000px) {
  section { grid-template-columns: minmax(0, 1fr); gap: 16px; }
  .t { min-width: 680px; } .t.small { min-width: 0; }
  section > header p { max-width: 60ch; }
}
@media (max-width: 640px) {
  .t.small .cell { display: none; }
  .page { padding: 0 16px 40px; }
  .top a, .theme label { padding: 5px 0; }
  .top { flex-wrap: wrap; gap: 4px 16px; } .top nav { order: 3; width: 100%; }
  .lead { padding: 28px 0; } h1 { font-size: 30px; line-height: 36px; } .sum { font-size: 16px; line-height: 24px; }
  .two { grid-template-columns: minmax(0, 1fr); } .mults { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .latgrid { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 8px 14px; } .latgrid > div:empty { display: none; } .rowh { grid-column: 1 / -1; padding-top: 8px; }
  .latgrid .xt text:nth-child(even) { display: none; }
  .plot .x span:nth-child(even) { display: none; }
  .hist .x span:nth-child(even) { visibility: hidden; }
  .bars li, .bars.long li { grid-template-columns: minmax(0, 14em) minmax(0, 1fr) 46px 46px; gap: 8px; }
}
@media (forced-colors: active) { .dot, .key, .bar rect, .hist rect, .latgrid rect { forced-color-adjust: none; } }
@media print {
  :root { color-scheme: light; } .top { position: static; } .top nav, .theme { display: none; }
  section { break-inside: avoid; } .page { max-width: none; padding: 0; }
}
`;

/** Policy that allows the page's own style and data images, and forbids scripts and requests. */
export function contentSecurityPolicy(): string {
  const hash = createHash('sha256').update(STYLE, 'utf8').digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'`;
}
