// The engine, its connections, and plain sockets at their other ends: the operations that schedules are made of.
//
// Each operation checks its result, and `Turn` checks the records: these are the rules of the engine. The order of
// operations is the schedule's (engine_schedule.cc).

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/engine.h"
#include "fuzz/connection.h"

namespace sockman::fuzz {

/** Most bytes of one send: more than the smallest socket buffers hold. */
inline constexpr size_t kMaxSendBytes = 16 * 1024;

class Stage {
public:
    Stage(int family, std::string_view poller, const EngineOptions& options);

    // --- listeners and dials; a place beyond the last wraps around to the first ---

    void Listen();
    void CloseListener(size_t place);
    void SetAccepting(size_t place, bool on);
    bool CanDialListener() const;
    /** Dials a listener of the engine from a plain socket. Only if `CanDialListener`. */
    void DialListener(size_t place);
    /** Makes the engine dial the plain listener. */
    void DialOut();
    /** Accepts a dial of the engine. */
    void AcceptPlain();

    // --- one connection ---

    bool HasConnections() const { return !m_connections.empty(); }
    Connection& At(size_t place) { return m_connections[place % m_connections.size()]; }
    void PeerSends(Connection& one, size_t bytes);
    void PeerReads(Connection& one);
    void PeerShutsDown(Connection& one);
    void ClosePeer(Connection& one, bool with_reset);
    void EngineSends(Connection& one, size_t bytes);
    void EngineReceives(Connection& one);
    void EngineShutsDown(Connection& one);
    void EngineCloses(Connection& one, bool with_reset);
    void SetReceiving(Connection& one, bool on);
    /** Calls the functions that only ask, and that do nothing for closed handles. */
    void Ask(Connection& one);

    // --- the whole ---

    /**
     * Gathers, and checks each record.
     * @param behind_record - Called after each, within the batch: a handler may call anything.
     * @return Number of records.
     */
    int Turn(int timeout_ms, const std::function<void()>& behind_record);
    /** Destroys the engine in the middle of a schedule, within a batch or outside. */
    void Destroy();
    /** Makes both ends read until everything has arrived: no wait may be in vain. */
    void Settle();
    /** Closes everything: no socket and no handle outlives the engine. */
    void TearDown();

private:
    /**
     * A listener, and the connections that dialed it, in the order in which they are accepted: ports of closed ones are
     * reused.
     */
    struct Listener {
        Handle handle = kNoHandle;
        std::deque<size_t> queue;
    };

    /** A listener of the plain API. */
    static int Plain(const SocketAddress& at, uint16_t& port);
    bool MayRefuse(int error) const;
    SocketAddress AddressOf(Handle handle, End end) const;
    Connection* Next(std::deque<size_t>& queue, uint16_t port);
    Connection* Find(Handle handle);
    void Take(Handle handle, int32_t flags, int32_t a, int32_t b);
    void TakeAccepted(Handle handle, Handle listener);

    int m_family;
    std::unique_ptr<Engine> m_engine;
    std::vector<uint8_t> m_slab;
    std::vector<int32_t> m_records;
    std::vector<uint8_t> m_scratch;
    std::vector<Connection> m_connections;
    std::vector<Listener> m_listeners;
    /** The engine's dials, in the order in which they are accepted. */
    std::deque<size_t> m_dials;
    int m_raw_listener = -1;
    uint16_t m_raw_port = 0;
    uint32_t m_next_stream = 1;
    bool m_is_destroyed = false;
};

}  // namespace sockman::fuzz
