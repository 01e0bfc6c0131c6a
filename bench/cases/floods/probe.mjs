// Loaded into the node under attack (`node --import`): answers `lag` with the longest delay of a timer since the last answer,
// in milliseconds.

const LAG_PROBE_MS = 10;

let worstLagMs = 0;
let expectedMs = performance.now() + LAG_PROBE_MS;
setInterval(() => {
  const nowMs = performance.now();
  worstLagMs = Math.max(worstLagMs, nowMs - expectedMs);
  expectedMs = nowMs + LAG_PROBE_MS;
}, LAG_PROBE_MS).unref();

process.on('message', () => {
  process.send?.({ worstLagMs });
  worstLagMs = 0;
});
process.on('disconnect', () => process.exit(0));
process.channel?.unref();
