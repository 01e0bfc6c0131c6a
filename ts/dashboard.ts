// The entry point `sockman/dashboard`: a page that shows a running node. Re-exports only.

export { Dashboard } from './http/dashboard/dashboard.ts';
export type { DashboardOptions, DashboardRouteOptions } from './http/dashboard/dashboard.ts';
export { EventStreams } from './http/dashboard/event-streams.ts';
export type { EventSourceOfStreams, EventStreamsOptions, StreamedEvent } from './http/dashboard/event-streams.ts';
export type { ShownSv2, ShownSv2Client } from './http/dashboard/sv2-totals.ts';
export type { PeerDetail, PeerRow, Sv2Row, Sv2Totals } from './http/dashboard/wire.ts';
