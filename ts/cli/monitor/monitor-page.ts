// A page of a monitor's current state. It has no script: the browser reloads it every five seconds.

import type { MonitorPicture } from '../../crawl/monitor/monitor-options.ts';
import { section, fill, networkLabel, numberCell, wideTable } from '../../crawl/report/html/marks.ts';
import { STYLE, contentSecurityPolicy } from '../../crawl/report/html/style.ts';
import { propagationSection } from '../../crawl/report/html/propagation.ts';
import { duration, marked, percent, plain, span, whole } from '../../crawl/report/format.ts';
import { REPORT_NETWORKS } from '../../crawl/report/tally/summary.ts';
import type { PropagationSummary } from '../../crawl/report/tally/summary.ts';

/** Interval between reloads, in seconds. */
const RELOAD_SECONDS = 5;

/** The headers of the page, which allow only its own style. */
export const pageHeaders = (): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy(),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
});

/** The page. */
export function monitorPage(picture: MonitorPicture, propagation: PropagationSummary): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${RELOAD_SECONDS}">
<title>${whole(picture.held)} connections</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<div class="page">
<div class="top"><span class="brand">sockman <span>monitor</span></span></div>
<main>
<header class="lead"><h1><b>${whole(picture.held)}</b> ${picture.held === 1 ? 'node is' : 'nodes are'} connected.</h1>
<p class="sum">${encrypted(picture)}${whole(picture.known)} addresses are known, and ${whole(picture.dialing)} are being dialed.</p></header>
${connections(picture)}
${propagationSection({ propagation })}
${counters(picture)}
</main>
</div>
</body>
</html>
`;
}

/** Empty where nobody is connected. */
function encrypted({ v2, held }: MonitorPicture): string {
  return held === 0 ? '' : `${marked(percent(v2, held, 0))} of the connections use the encrypted transport. `;
}

function connections({ networks, held, maxHeld }: MonitorPicture): string {
  const rows = REPORT_NETWORKS.map((name) => {
    const count = networks[name] ?? 0;
    return `<tr><th scope="row">${networkLabel(name)}</th>${numberCell(whole(count), 'b')}<td class="cell">${fill(name, count / Math.max(1, held))}</td>${numberCell(marked(percent(count, held)))}</tr>`;
  });
  const table = `<table class="t small"><thead><tr><th scope="col">Network</th><th scope="col" class="num">Connected</th><th class="cell"></th><th scope="col" class="num">Share</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return section(
    'networks',
    'Networks',
    `The limit is ${whole(maxHeld)} connections: as many as were asked for, or as descriptors allow.`,
    wideTable('Connections by network', table),
  );
}

function counters(picture: MonitorPicture): string {
  const rows: (readonly [string, string])[] = [
    ['Blocks announced', whole(picture.blocksSeen)],
    ['Transactions announced', whole(picture.transactionsSeen)],
    ['Addresses told by peers', whole(picture.addressesTold)],
    ['Sessions ended', whole(picture.sessionsEnded)],
    ['Median session', plain(span(picture.sessionSeconds))],
    ['Median ping', plain(duration(picture.pingMs))],
    ['Left alone for a day', whole(picture.leftAlone)],
  ];
  const table = `<table class="t small"><tbody>${rows.map(([title, value]) => `<tr><th scope="row">${title}</th>${numberCell(value)}</tr>`).join('')}</tbody></table>`;
  return section('since', 'Since it began', 'All networks together.', wideTable('Counters', table));
}
