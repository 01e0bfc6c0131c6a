#include "fuzz/connection.h"

#include "fuzz/must.h"

namespace sockman::fuzz {

uint8_t ByteAt(uint32_t stream, uint64_t at) { return static_cast<uint8_t>(at * 31 + (at >> 8) * 7 + stream * 101); }

bool IsOpen(const Connection& one) {
    return one.life == Life::Open || (one.life == Life::Dialing && one.is_dialed_by_engine);
}

void Told(Connection& one, const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) MUST(bytes[i] == ByteAt(one.stream, one.told + i), "another byte arrives");
    one.told += count;
    MUST(one.told <= one.sent_by_peer, "more arrives than was sent");
}

void HeardByPeer(Connection& one, const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        MUST(bytes[i] == ByteAt(~one.stream, one.heard_by_peer + i), "the peer hears another byte");
    }
    one.heard_by_peer += count;
    MUST(one.heard_by_peer <= one.sent_by_engine, "the peer hears more than was sent");
}

bool IsSettled(const Connection& one) {
    if (one.life == Life::Closed) return true;
    if (one.life == Life::Dialing) return !one.is_dialed_by_engine;
    if (!one.has_ended && one.may_lose) return false;
    if (one.may_lose) return true;
    if (one.told != one.sent_by_peer && !one.has_ended) return false;
    if (one.has_peer_shut_down && !one.has_ended) return false;
    return !one.wants_write && one.heard_by_peer == one.sent_by_engine;
}

}  // namespace sockman::fuzz
