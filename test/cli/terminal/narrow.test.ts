// What a narrow terminal shows: whole columns, whole facts.

import { describe, expect, it } from 'vitest';

import { peerTable } from '../../../ts/cli/node/peer-table.ts';
import { breakFacts } from '../../../ts/cli/terminal/facts.ts';
import { Screen } from '../../../ts/cli/terminal/screen.ts';
import { COLOURED, PLAIN } from '../../../ts/cli/terminal/style.ts';
import { layOut } from '../../../ts/cli/terminal/table.ts';
import type { PeerStats } from '../../../ts/connman/statistics.ts';

describe('a table', () => {
  const columns = [
    { heading: 'name', align: 'left' },
    { heading: 'extra', align: 'left', leavesAs: 1 },
    { heading: 'less', align: 'right', leavesAs: 2 },
    { heading: 'sum', align: 'right' },
  ] as const;
  const rows = [['a name with length', 'x', '1', '12']];

  it('leaves out whole columns that do not fit, the first to leave first', () => {
    const headingAt = (width: number): string => layOut(columns, rows, width)[0]!.replace(/ +/g, ' ');
    // 18 + 5 + 4 + 3, and 6 of gaps.
    expect(headingAt(0)).toBe('name extra less sum');
    expect(headingAt(36)).toBe('name extra less sum');
    expect(headingAt(35)).toBe('name less sum');
    expect(headingAt(28)).toBe('name sum');
  });

  it('narrows its widest text when no column can leave, and then cuts lines', () => {
    expect(layOut(columns, rows, 15)).toEqual(['name        sum', 'a name wi…   12']);
    expect(layOut(columns, rows, 13)).toEqual(['name      sum', 'a name …   12']);
    expect(layOut(columns, rows, 9).map(({ length }) => length)).toEqual([9, 9]);
  });
});

describe('the table of peers', () => {
  const peer = {
    id: 0,
    addr: '203.0.113.200:38333',
    inbound: false,
    connection_type: 'outbound-full-relay',
    transport_protocol_type: 'v2',
    version: 70_016,
    subver: '/Satoshi:31.0.0/',
    pingtime: 0.007,
    bytesrecv: 1_234_567,
    bytessent: 234_567,
    session_id: 'ab'.repeat(32),
    bytesrecv_per_msg: { headers: 1_000_000 },
    bytessent_per_msg: {},
  } as unknown as PeerStats;

  it.each([
    [200, /^id address direction transport version user agent ping received sent most bytes session$/],
    [80, /^id address direction ping received sent$/],
    [48, /^id address received sent$/],
    [40, /^id address received sent$/],
  ])('of a terminal with %i columns shows what was received and sent', (width, headings) => {
    const [heading = '', row = ''] = peerTable([peer], width, PLAIN);
    expect(heading.trim().replace(/ +/g, ' ')).toMatch(headings);
    expect(row).toContain('1.2 MB');
    expect(row).toContain('235 kB');
    expect(Math.max(heading.length, row.length)).toBeLessThanOrEqual(width);
  });
});

describe('a line of facts', () => {
  it('breaks between facts where the screen ends, and nowhere else', () => {
    const line = 'round 1 · 1,000 visited · 12 waiting';
    expect(breakFacts(line, 0)).toEqual([line]);
    expect(breakFacts(line, line.length)).toEqual([line]);
    expect(breakFacts(line, line.length - 1)).toEqual(['round 1 · 1,000 visited', '12 waiting']);
    expect(breakFacts(line, 5)).toEqual(['round 1', '1,000 visited', '12 waiting']);
  });
});

describe('a screen', () => {
  const drawn = (rows: number, columns: number, lines: readonly string[]): string => {
    const written: string[] = [];
    new Screen({ rows, columns, write: (text: string) => written.push(text) }).redraw(lines);
    // Without the codes that forbid and allow wrapping, and the way back.
    return written[0]!.replace('\x1b[?7l', '').replace('\x1b[?7h', '');
  };

  it('cuts what is wider than the terminal, and counts no colours', () => {
    expect(drawn(24, 5, ['12345', '123456'])).toBe('12345\n1234…\n');
    expect(drawn(24, 5, [COLOURED.heading('12345')])).toBe('\x1b[1m12345\x1b[22m\n');
    expect(drawn(24, 5, [COLOURED.heading('123456')])).toBe('\x1b[1m1234…\x1b[22m\n');
  });

  it('shows everything on a terminal that does not tell its size', () => {
    const lines = Array.from({ length: 30 }, () => 'x'.repeat(300));
    expect(drawn(0, 0, lines)).toBe(lines.map((line) => `${line}\n`).join(''));
  });
});
