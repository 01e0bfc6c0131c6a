// One connection of a schedule: what either end did and saw, and the rules for it.

#pragma once

#include <cstddef>
#include <cstdint>

#include "core/engine.h"

namespace sockman::fuzz {

/** The bytes of a stream, by position. */
uint8_t ByteAt(uint32_t stream, uint64_t at);

enum class Life : uint8_t { Dialing, Open, Closed };

/** One connection: the engine's end, and a plain socket that plays the other. */
struct Connection {
    uint32_t stream = 0;
    Life life = Life::Dialing;
    Handle handle = kNoHandle;
    int peer = -1;
    /** Port of the end that dialed. */
    uint16_t port = 0;
    bool is_dialed_by_engine = false;
    bool is_receiving = true;
    /** The state when the batch was gathered. */
    bool was_receiving = true;
    bool has_ended = false;
    bool wants_write = false;
    bool has_shut_down = false;
    bool has_peer_shut_down = false;
    /** Bytes in transit may be lost: it was reset, or its peer closed. */
    bool may_lose = false;
    uint64_t sent_by_peer = 0;
    uint64_t told = 0;
    uint64_t sent_by_engine = 0;
    uint64_t heard_by_peer = 0;
};

/** Whether the engine has a socket for it. */
bool IsOpen(const Connection& one);

/** The engine reported received bytes: they must be the next ones. */
void Told(Connection& one, const uint8_t* bytes, size_t count);

/** The other end received bytes: they must be the next ones. */
void HeardByPeer(Connection& one, const uint8_t* bytes, size_t count);

/** Whether nothing more will arrive. */
bool IsSettled(const Connection& one);

}  // namespace sockman::fuzz
