// The entry point `sockman/crawl`: visits every node of a Bitcoin network and says what it saw. Re-exports only.

export { Crawler } from './crawl/crawler.ts';
export type { CrawlListener, RoundBeginning, RoundEnding } from './crawl/crawler.ts';
export type { CrawlOptions, CrawlSeed } from './crawl/crawl-options.ts';
export type { Packing } from './crawl/journal/pack-records.ts';
export type { RoundProgress } from './crawl/round/round.ts';
export { Exclusions } from './crawl/frontier/exclusions.ts';
export { SEED_SOURCES } from './crawl/frontier/sources.ts';
export type { SeedSource } from './crawl/frontier/sources.ts';
export type { Route, Routes, VisitLimits } from './crawl/visit/routes.ts';
export type { V2Policy } from './crawl/visit/visitor.ts';
export { OUTCOMES, STEPS } from './crawl/record/outcome.ts';
export type { Outcome, Step } from './crawl/record/outcome.ts';
export { RECORD_KEYS, formatRecord } from './crawl/record/record.ts';
export type { CrawlRecord } from './crawl/record/record.ts';
export { findRecordFault, parseRecord } from './crawl/record/check-record.ts';
export { MAX_RECORD_LINE_BYTES, readRecords } from './crawl/record/read-records.ts';
export type { RecordFileSummary } from './crawl/record/read-records.ts';
export { ReportHistory, RoundReports } from './crawl/report/round-reports.ts';
export type { ReportOptions } from './crawl/report/round-reports.ts';
export { MAX_ROUND_POINTS } from './crawl/report/tally/round-tally.ts';
export type { RoundStart } from './crawl/report/tally/round-tally.ts';
export { replayRecords } from './crawl/report/replay.ts';
export type { Replay } from './crawl/report/replay.ts';
export { AGE_EDGES_SECONDS, REPORT_NETWORKS } from './crawl/report/tally/summary.ts';
export type {
  AgesSummary,
  ByNetwork,
  LatencyName,
  NetworkSummary,
  PropagationSummary,
  ReportNetwork,
  RoundFacts,
  RoundPoint,
  SpreadSummary,
  SpreadTimes,
  Summary,
  SystemSpread,
  SystemsSummary,
  TrustSummary,
} from './crawl/report/tally/summary.ts';
export type { Distribution, Shape } from './crawl/report/tally/log-histogram.ts';
export type { TextCount, TopTexts } from './crawl/report/tally/text-counts.ts';
export { MAX_UPTIMES, Uptimes } from './crawl/report/files/uptimes.ts';
export type { Uptime } from './crawl/report/files/uptimes.ts';
export { EXCLUSIONS_KEY, FleetWorker } from './crawl/fleet/fleet-worker.ts';
export type { FleetListener, FleetWorkerOptions } from './crawl/fleet/fleet-worker.ts';
export { FLEET_TIMES, SHARD_COUNT } from './crawl/fleet/bus/fleet-bus.ts';
export type {
  FleetBus,
  FleetTimes,
  ResultKey,
  SharedValue,
  SharedValues,
  WorkMessage,
} from './crawl/fleet/bus/fleet-bus.ts';
export { ROUND_KEY } from './crawl/fleet/round-state.ts';
export type { RoundState } from './crawl/fleet/round-state.ts';
export { MemoryFleet } from './crawl/fleet/bus/memory-bus.ts';
export { connectToNats } from './crawl/fleet/bus/nats-bus.ts';
export type { NatsBusOptions } from './crawl/fleet/bus/nats-bus.ts';
export { Monitor } from './crawl/monitor/monitor.ts';
export { DEFAULT_MAX_HELD, RESERVED_DESCRIPTORS } from './crawl/monitor/monitor-options.ts';
export type { MonitorOptions, MonitorPicture } from './crawl/monitor/monitor-options.ts';
export { PROPAGATION_FILE, readPropagation } from './crawl/report/files/propagation-file.ts';
