// A schedule of operations over real sockets, read from bytes: the fuzzer and the unit tests run the engine with it.
//
// Any bytes are a schedule. It opens listeners, has plain sockets dial them, send, end and vanish, has the engine dial,
// send, pause and close, inside batches and outside, and turns. The rules are checked throughout, and a violation ends the
// process: bytes arrive in order and complete, each end is reported once, nothing is reported for paused or closed sockets,
// no wait is in vain at the end, no descriptor is left.

#pragma once

#include <cstddef>
#include <cstdint>

namespace sockman::fuzz {

/** Plays one schedule to its end. Aborts with a line on standard error if the engine breaks a rule. */
void PlaySchedule(const uint8_t* bytes, size_t length);

}  // namespace sockman::fuzz
