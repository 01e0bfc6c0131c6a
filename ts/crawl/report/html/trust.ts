// What was taken, dropped and capped: anyone can tell a crawler addresses of nodes that do not exist.

import { escapeHtml, whole } from '../format.ts';
import type { Summary } from '../tally/summary.ts';
import { numberCell, section, sentence, wideTable } from './marks.ts';

export function trustSection({ trust }: Summary): string {
  const rows = [
    row(
      'Addresses told by peers',
      trust.addressesTold,
      `in ${whole(trust.answers)} ${trust.answers === 1 ? 'answer' : 'answers'} to <span class="mono">getaddr</span>`,
    ),
    row('Distinct and routable', trust.distinct),
    row('Not followed: bad port, one source only', trust.droppedForPort),
    row('Not followed: timestamp outside −10 d to +10 min', trust.droppedForTime),
    row(
      'Sources that reached their limit of new addresses',
      trust.sourcesAtLimit,
      escapeHtml(trust.sourcesAtLimitIn ?? ''),
    ),
    row(
      'Excluded by request',
      trust.excluded,
      trust.leftAlone === undefined ? '' : `and ${whole(trust.leftAlone)} left alone for a day`,
    ),
  ];
  const isPartial = [trust.distinct, trust.droppedForPort, trust.droppedForTime, trust.excluded].includes(undefined);
  const note = isPartial ? sentence('A dash: records alone do not tell; the crawl that made them did.') : '';
  return section(
    'trust',
    'How far to trust it',
    'What was taken, dropped and capped, so that inflation shows.',
    wideTable('Addresses taken and dropped', `<table class="t plain"><tbody>${rows.join('')}</tbody></table>`) + note,
  );
}

const row = (title: string, value: number | undefined, remark: string = ''): string =>
  `<tr><th scope="row">${title}</th>${numberCell(whole(value))}<td>${remark}</td></tr>`;
