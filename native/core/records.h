// The batch format. The contract is `RecordFlag` in ts/sockman/backends/backend.ts, where each flag is
// explained; names and numbers here must stay equal to those there.

#pragma once

#include <cstddef>
#include <cstdint>

namespace sockman {

/**
 * Names one socket: slot number in the low `kSlotBits`, generation above. Signed, as in an `Int32Array`. `kNoHandle` names
 * none.
 */
using Handle = int32_t;
inline constexpr Handle kNoHandle = -1;

inline constexpr unsigned kSlotBits = 22;
inline constexpr uint32_t kSlotMask = (1U << kSlotBits) - 1;

/** Words of one record: handle, flags, a, b. */
inline constexpr int kRecordWords = 4;
/** Most records of one batch. */
inline constexpr int kMaxRecords = 512;

inline constexpr int32_t kWritable = 1;
inline constexpr int32_t kData = 2;
inline constexpr int32_t kReadable = 4;
inline constexpr int32_t kEof = 8;
inline constexpr int32_t kReadError = 16;
inline constexpr int32_t kConnected = 32;
inline constexpr int32_t kAccepted = 64;
inline constexpr int32_t kAcceptExhausted = 128;

}  // namespace sockman
