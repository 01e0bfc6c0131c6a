// The entry point `sockman/crawl`: visits every node of a Bitcoin network and says what it saw. Re-exports only.

export { OUTCOMES, STEPS } from './crawl/record/outcome.ts';
export type { Outcome, Step } from './crawl/record/outcome.ts';
export { RECORD_KEYS, formatRecord } from './crawl/record/record.ts';
export type { CrawlRecord } from './crawl/record/record.ts';
export { findRecordFault, parseRecord } from './crawl/record/check-record.ts';
export { MAX_RECORD_LINE_BYTES, readRecords } from './crawl/record/read-records.ts';
export type { RecordFileSummary } from './crawl/record/read-records.ts';
