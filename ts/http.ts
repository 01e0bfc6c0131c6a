// The entry point `sockman/http`: an HTTP server on `SockMan`. Re-exports only.

export { HttpServer } from './http/http-server.ts';
export type { HttpServerOptions } from './http/options.ts';
export { readEndpoints } from './http/endpoints.ts';
export type { EndpointTexts, Endpoints } from './http/endpoints.ts';
export { HttpRequest } from './http/message/http-request.ts';
export type { HttpHandler, Route } from './http/message/http-request.ts';
export type { RouteOptions } from './http/router.ts';
export { ReplyStream } from './http/message/reply-stream.ts';
export type { StreamOptions } from './http/message/reply-stream.ts';
export { HeaderList } from './http/parser/header-list.ts';
export type { HeaderField } from './http/parser/header-list.ts';
export { queryParameter } from './http/message/query.ts';
export type { HttpCounters, HttpStats } from './http/http-stats.ts';
export { MAX_JSON_DEPTH, MAX_JSON_VALUES, parseJson } from './http/json/json-reader.ts';
export { jsonAmount, writeJson } from './http/json/json-writer.ts';
export { JsonNumber, JsonObject } from './http/json/json-value.ts';
export type { JsonInput, JsonValue } from './http/json/json-value.ts';
export type { Refusal } from './http/parser/framing.ts';
export { Metrics } from './http/metrics/metrics.ts';
export type { MeasuredRpc, MetricsOptions, MetricsRouteOptions, MetricsSource } from './http/metrics/metrics.ts';
export type { MeasuredSv2 } from './http/metrics/stratum-metrics.ts';
export { MetricFamily, MetricsPage } from './http/metrics/metrics-page.ts';
export type { MetricLabels, MetricsFormat } from './http/metrics/metrics-page.ts';
export { Histogram } from './util/histogram.ts';
