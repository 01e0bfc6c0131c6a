// One connection as a schedule knows it: what either end did and saw, and what must hold of that.

#pragma once

#include <cstddef>
#include <cstdint>

#include "core/engine.h"

namespace sockman::fuzz {

/** The bytes of a stream, by their place in it. */
uint8_t ByteAt(uint32_t stream, uint64_t at);

enum class Life : uint8_t { Dialing, Open, Closed };

/** One connection: the engine's end, and a plain socket that plays the other. */
struct Connection {
    uint32_t stream = 0;
    Life life = Life::Dialing;
    Handle handle = kNoHandle;
    int peer = -1;
    /** Of the end that dialed. */
    uint16_t port = 0;
    bool is_dialed_by_engine = false;
    bool is_receiving = true;
    /** As it was when the batch was gathered. */
    bool was_receiving = true;
    bool has_ended = false;
    bool wants_write = false;
    bool has_shut_down = false;
    bool has_peer_shut_down = false;
    /** Bytes on their way may be lost: it was reset, or its peer closed. */
    bool may_lose = false;
    uint64_t sent_by_peer = 0;
    uint64_t told = 0;
    uint64_t sent_by_engine = 0;
    uint64_t heard_by_peer = 0;
};

/** Whether the engine has a socket for it. */
bool IsOpen(const Connection& one);

/** The engine's end was told of bytes: they have to be those that come next. */
void Told(Connection& one, const uint8_t* bytes, size_t count);

/** The other end received bytes: they have to be those that come next. */
void HeardByPeer(Connection& one, const uint8_t* bytes, size_t count);

/** Whether nothing is to come any more. */
bool IsSettled(const Connection& one);

}  // namespace sockman::fuzz
