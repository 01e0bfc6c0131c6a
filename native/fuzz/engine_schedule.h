// A schedule of operations over real sockets, read from bytes: what the fuzzer and the unit tests have the engine do.
//
// Any bytes are a schedule. It opens listeners, has plain sockets dial them, send, end and vanish, has the engine dial, send,
// pause and close, inside batches and outside, and turns. What must hold is checked all along, and ends the process if it does
// not: bytes come in order and complete, each end is told once, nothing comes for what is paused or closed, nobody waits in
// vain at the end, no descriptor is left.

#pragma once

#include <cstddef>
#include <cstdint>

namespace sockman::fuzz {

/** Plays one schedule to its end. Aborts with a line on standard error when the engine breaks its word. */
void PlaySchedule(const uint8_t* bytes, size_t length);

}  // namespace sockman::fuzz
