// The report as one page, light and dark, without scripts or further requests.

import { date, escapeHtml, whole } from '../format.ts';
import type { Summary } from '../tally/summary.ts';
import { agesSection } from './ages.ts';
import { latencySection } from './latency.ts';
import { lead } from './lead.ts';
import { networksSection, outcomesSection } from './networks.ts';
import { propagationSection } from './propagation.ts';
import { roundsSection } from './rounds.ts';
import { softwareSection } from './software.ts';
import { STYLE, contentSecurityPolicy } from './style.ts';
import { trustSection } from './trust.ts';
import { whereSection } from './where.ts';

const SECTIONS = [
  ['networks', 'Networks', networksSection],
  ['rounds', 'Rounds', roundsSection],
  ['outcomes', 'Outcomes', outcomesSection],
  ['software', 'Software', softwareSection],
  ['where', 'Where', whereSection],
  ['latency', 'Latency', latencySection],
  ['ages', 'Address age', agesSection],
  ['propagation', 'Propagation', propagationSection],
  ['trust', 'How far to trust it', trustSection],
] as const;

/** Content of the page's foot. */
export interface PageFoot {
  /** The user agent of our handshake, contact included. */
  readonly ourUserAgent?: string;
  /** Names of the files beside the page. */
  readonly files: readonly string[];
}

/** The page of a round. The same summary gives the same page. */
export function renderReport(summary: Summary, foot: PageFoot): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy()}">
<title>Bitcoin network, round ${whole(summary.round)}, ${summary.endedAt === 0 ? 'no visit' : date(summary.endedAt)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<div class="page">
<div class="top"><span class="brand">sockman <span>crawl</span></span><nav aria-label="Sections">${SECTIONS.map(([id, title]) => `<a href="#${id}">${title}</a>`).join('')}</nav>${THEMES}</div>
<main>
${lead(summary)}
${SECTIONS.map(([, , render]) => render(summary)).join('\n')}
</main>
${footer(summary, foot)}
</div>
</body>
</html>
`;
}

const THEMES =
  '<fieldset class="theme"><legend class="vh">Theme</legend><label><input type="radio" name="theme" id="theme-auto" checked>Auto</label><label><input type="radio" name="theme" id="theme-light">Light</label><label><input type="radio" name="theme" id="theme-dark">Dark</label></fieldset>';

function footer({ madeBy, round }: Summary, { ourUserAgent, files }: PageFoot): string {
  const mono = (text: string): string => `<span class="mono">${escapeHtml(text)}</span>`;
  const handshake =
    ourUserAgent === undefined
      ? ''
      : `<p>Our handshake: ${mono(ourUserAgent)}, services 0, no relay. Node operators opt out at the contact shown in it.</p>`;
  return `<footer><p>Made by ${escapeHtml(madeBy)} from ${mono('records.ndjson')}, round ${whole(round)}. ${mono('sockman crawl --replay records.ndjson')} makes the reports again. Beside it: ${files.map(mono).join(', ')}.</p>${handshake}</footer>`;
}
