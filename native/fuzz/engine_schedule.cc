#include "fuzz/engine_schedule.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "core/engine.h"

namespace sockman::fuzz {

namespace {

/** Small, so that a stream takes several receives, and a batch fills its slab. */
constexpr size_t kChunkBytes = 512;
constexpr size_t kMaxConnections = 24;
constexpr size_t kMaxListeners = 3;
/** More than the smallest socket buffers hold. */
constexpr size_t kMaxSendBytes = 16 * 1024;
/** How long what must come may take. On loopback it is there at once, but for the timers of a full window. */
constexpr int kPatienceMs = 5'000;

#define MUST(condition, what)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            std::fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, what, #condition); \
            std::abort();                                                              \
        }                                                                              \
    } while (false)

/** The bytes of a stream, by their place in it. */
uint8_t ByteAt(uint32_t stream, uint64_t at) { return static_cast<uint8_t>(at * 31 + (at >> 8) * 7 + stream * 101); }

class Reader {
public:
    Reader(const uint8_t* bytes, size_t length) : m_bytes(bytes), m_left(length) {}
    bool IsOver() const { return m_left == 0; }
    uint8_t Byte() {
        if (m_left == 0) return 0;
        --m_left;
        return *m_bytes++;
    }
    /** 1 to `kMaxSendBytes`, small ones as likely as large ones. */
    size_t Size() {
        const uint8_t how = Byte();
        return std::min<size_t>(kMaxSendBytes, (size_t{1} << (how & 15)) + (how >> 4));
    }

private:
    const uint8_t* m_bytes;
    size_t m_left;
};

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

SocketAddress Loopback(int family, uint16_t port) {
    Address address;
    address.kind = family == AF_INET6 ? AddressKind::IPv6 : AddressKind::IPv4;
    address.port = port;
    if (family == AF_INET6) {
        address.bytes[15] = 1;
    } else {
        address.bytes[0] = 127;
        address.bytes[3] = 1;
    }
    return Expand(address);
}

uint16_t PortOf(const SocketAddress& address) { return Compact(address).port; }

uint16_t LocalPort(int fd) {
    SocketAddress local;
    MUST(sys::LocalAddress(fd, local) == 0, "a plain socket has no address");
    return PortOf(local);
}

/** A listener, and who dialed it, in the order in which they are accepted: ports of those that are gone come again. */
struct Listener {
    Handle handle = kNoHandle;
    std::deque<size_t> queue;
};

class Play {
public:
    Play(const uint8_t* bytes, size_t length) : m_in(bytes, length) {
        const uint8_t setup = m_in.Byte();
        m_family = (setup & 1) != 0 ? AF_INET6 : AF_INET;
        const auto pollers = PollerNames();
        EngineOptions options;
        options.receive_chunk_bytes = kChunkBytes;
        options.accept_batch = 1 + (setup >> 1 & 3);
        if ((setup & 8) != 0) options.socket.send_buffer_bytes = 4096;
        if ((setup & 16) != 0) options.socket.receive_buffer_bytes = 2048;
        if ((setup & 32) != 0) options.max_sockets = 6;
        Failure failure;
        m_engine = Engine::Make(options, pollers[(setup >> 6) % pollers.size()], nullptr, failure);
        MUST(m_engine != nullptr, "no engine");
        m_slab.resize(Engine::SlabBytes(kChunkBytes));
        m_records.resize(kMaxRecords * kRecordWords);
        m_scratch.resize(kMaxSendBytes);
        m_raw_listener = Plain(Loopback(m_family, 0), m_raw_port);
        Listen();
    }

    void Run() {
        while (!m_in.IsOver()) Step(false);
        Settle();
        m_engine->Destroy();
        MUST(m_engine->SocketCount() == 0, "sockets outlive the engine's end");
        // Nothing opens, closes or happens any more.
        MUST(m_engine->Listen(Loopback(m_family, 0), {}).handle == kNoHandle, "a destroyed engine listens");
        for (Connection& one : m_connections) {
            MUST(!m_engine->Close(one.handle), "a destroyed engine knows a handle");
            ClosePeer(one, false);
        }
        close(m_raw_listener);
    }

private:
    /** A listener of the plain API. */
    int Plain(const SocketAddress& at, uint16_t& port) {
        const int fd = socket(at.Family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
        MUST(fd >= 0, "no socket");
        MUST(bind(fd, at.Get(), at.length) == 0 && listen(fd, 128) == 0, "no listener");
        port = LocalPort(fd);
        return fd;
    }

    // --- the steps of a schedule ---

    /** @param is_inside - Within a batch: everything but turns may be called. */
    void Step(bool is_inside) {
        const uint8_t op = m_in.Byte() % 21;
        Connection* one = Pick();
        switch (op) {
            case 0:
            case 1:
            case 2:
                if (!is_inside) Turn(0);
                break;
            case 3:
                DialListener();
                break;
            case 4:
                DialOut();
                break;
            case 5:
                AcceptPlain();
                break;
            case 6:
            case 7:
                if (one != nullptr) PeerSends(*one, m_in.Size());
                break;
            case 8:
                if (one != nullptr) PeerReads(*one);
                break;
            case 9:
                if (one != nullptr && one->peer >= 0 && shutdown(one->peer, SHUT_WR) == 0) one->has_peer_shut_down = true;
                break;
            case 10:
                if (one != nullptr) ClosePeer(*one, (m_in.Byte() & 1) != 0);
                break;
            case 11:
            case 12:
                if (one != nullptr) EngineSends(*one, m_in.Size());
                break;
            case 13:
                if (one != nullptr) {
                    one->is_receiving = (m_in.Byte() & 1) != 0;
                    m_engine->SetReceiving(one->handle, one->is_receiving);
                }
                break;
            case 14:
                if (one != nullptr) EngineCloses(*one, (m_in.Byte() & 1) != 0);
                break;
            case 15:
                if (one != nullptr && m_engine->ShutdownSend(one->handle) == 0) one->has_shut_down = true;
                break;
            case 16:
                // Within a batch the turn loop receives where a record offers it: another record of the socket may be to come.
                if (one != nullptr && !is_inside) EngineReceives(*one);
                break;
            case 17:
                Listen();
                break;
            case 18:
                ChangeListener(m_in.Byte());
                break;
            case 19:
                if (one != nullptr) Ask(*one);
                break;
            default:
                if (m_in.Byte() == 0xff) Destroy();
                break;
        }
    }

    void Destroy() {
        m_engine->Destroy();
        m_is_destroyed = true;
        m_listeners.clear();
        for (Connection& one : m_connections) {
            if (one.handle != kNoHandle) one.life = Life::Closed;
        }
    }

    bool MayRefuse(int error) const {
        return m_is_destroyed ? error == EBADF : error == EMFILE || error == EADDRNOTAVAIL;
    }

    Connection* Pick() {
        if (m_connections.empty()) return nullptr;
        return &m_connections[m_in.Byte() % m_connections.size()];
    }

    void Listen() {
        if (m_listeners.size() >= kMaxListeners) return;
        const OpenResult opened = m_engine->Listen(Loopback(m_family, 0), {});
        if (opened.handle == kNoHandle) {
            MUST(MayRefuse(opened.failure.error), "a listener is refused");
            return;
        }
        m_listeners.push_back({opened.handle, {}});
    }

    void ChangeListener(uint8_t how) {
        if (m_listeners.empty()) return;
        const size_t index = (how >> 2) % m_listeners.size();
        const Handle listener = m_listeners[index].handle;
        if ((how & 3) == 0) {
            MUST(m_engine->Close(listener), "a listener is gone");
            m_listeners.erase(m_listeners.begin() + static_cast<std::ptrdiff_t>(index));
        } else {
            m_engine->SetAccepting(listener, (how & 3) == 1);
        }
    }

    void DialListener() {
        if (m_listeners.empty() || m_connections.size() >= kMaxConnections) return;
        Listener& listener = m_listeners[m_in.Byte() % m_listeners.size()];
        const SocketAddress to = AddressOf(listener.handle, End::Local);
        const int fd = socket(m_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        MUST(fd >= 0, "no socket");
        if (connect(fd, to.Get(), to.length) != 0 && errno != EINPROGRESS) {
            close(fd);
            return;
        }
        Connection one;
        one.stream = m_next_stream++;
        one.peer = fd;
        one.port = LocalPort(fd);
        listener.queue.push_back(m_connections.size());
        m_connections.push_back(one);
    }

    SocketAddress AddressOf(Handle handle, End end) const {
        SocketAddress address;
        uint8_t packed[kMaxPackedBytes];
        const size_t bytes = m_engine->AddressOf(handle, end, packed);
        MUST(bytes > 0 && Unpack(packed, bytes, address), "an open socket has no address");
        return address;
    }

    void DialOut() {
        if (m_connections.size() >= kMaxConnections) return;
        const OpenResult opened = m_engine->Connect(Loopback(m_family, m_raw_port), {});
        if (opened.handle == kNoHandle) {
            MUST(MayRefuse(opened.failure.error), "a dial is refused");
            return;
        }
        Connection one;
        one.stream = m_next_stream++;
        one.handle = opened.handle;
        one.is_dialed_by_engine = true;
        one.port = PortOf(AddressOf(opened.handle, End::Local));
        m_dials.push_back(m_connections.size());
        m_connections.push_back(one);
    }

    /** The connection that is accepted next, if it is the one with this port; those before it never came. */
    Connection* Next(std::deque<size_t>& queue, uint16_t port) {
        while (!queue.empty()) {
            Connection& one = m_connections[queue.front()];
            queue.pop_front();
            if (one.port == port) return &one;
        }
        return nullptr;
    }

    /** Accepts what the engine dialed. */
    void AcceptPlain() {
        SocketAddress from;
        const int fd = sys::Accept(m_raw_listener, from);
        if (fd < 0) return;
        Connection* one = Next(m_dials, PortOf(from));
        // A destroyed engine finds out that it is only when nobody watches the new socket.
        MUST(one != nullptr ? one->peer < 0 : m_is_destroyed, "a stranger dials");
        if (one == nullptr || one->life == Life::Closed) {
            close(fd);
        } else {
            one->peer = fd;
        }
    }

    void PeerSends(Connection& one, size_t bytes) {
        if (one.peer < 0 || one.has_peer_shut_down) return;
        for (size_t i = 0; i < bytes; ++i) m_scratch[i] = ByteAt(one.stream, one.sent_by_peer + i);
        const ssize_t sent = send(one.peer, m_scratch.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) one.sent_by_peer += static_cast<uint64_t>(sent);
    }

    void PeerReads(Connection& one) {
        if (one.peer < 0) return;
        for (;;) {
            const ssize_t count = recv(one.peer, m_scratch.data(), m_scratch.size(), MSG_DONTWAIT);
            if (count <= 0) return;
            for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
                MUST(m_scratch[i] == ByteAt(~one.stream, one.heard_by_peer + i), "the peer hears another byte");
            }
            one.heard_by_peer += static_cast<uint64_t>(count);
            MUST(one.heard_by_peer <= one.sent_by_engine, "the peer hears more than was sent");
        }
    }

    void ClosePeer(Connection& one, bool with_reset) {
        if (one.peer < 0) return;
        if (with_reset) sys::SetResetOnClose(one.peer);
        close(one.peer);
        one.peer = -1;
        one.has_peer_shut_down = true;
        one.may_lose = true;
    }

    void EngineSends(Connection& one, size_t bytes) {
        for (size_t i = 0; i < bytes; ++i) m_scratch[i] = ByteAt(~one.stream, one.sent_by_engine + i);
        const bool is_many = (bytes & 1) != 0;
        int32_t many = 0;
        ssize_t sent;
        if (is_many) {
            m_engine->SendMany(&one.handle, 1, m_scratch.data(), bytes, false, &many);
            sent = many;
        } else {
            sent = m_engine->Send(one.handle, m_scratch.data(), bytes, (bytes & 2) != 0);
        }
        if (one.life == Life::Closed || (one.life == Life::Dialing && !one.is_dialed_by_engine)) {
            MUST(sent == 0, "a send on an unknown handle");
            return;
        }
        MUST(sent <= static_cast<ssize_t>(bytes), "more is sent than there is");
        if (sent < 0) {
            MUST(one.may_lose || one.has_shut_down || one.has_ended, "a send fails on a sound connection");
            return;
        }
        one.sent_by_engine += static_cast<uint64_t>(sent);
        if (static_cast<size_t>(sent) < bytes) one.wants_write = true;
    }

    void EngineCloses(Connection& one, bool with_reset) {
        const bool is_open = one.life == Life::Open || (one.life == Life::Dialing && one.is_dialed_by_engine);
        const bool was_open = with_reset ? m_engine->Reset(one.handle) : m_engine->Close(one.handle);
        MUST(was_open == is_open, "the engine and the schedule disagree about what is open");
        if (is_open) one.life = Life::Closed;
    }

    void EngineReceives(Connection& one) {
        const ssize_t received = m_engine->Receive(one.handle, m_slab.data());
        if (one.life != Life::Open) {
            MUST(received <= 0, "bytes of what is not open");
            return;
        }
        if (received > 0) return Told(one, m_slab.data() + m_engine->DeferredOffset(), static_cast<size_t>(received));
        if (received == -EAGAIN) return;
        if (received == 0 && !one.may_lose) MUST(one.told == one.sent_by_peer, "bytes are missing before EOF");
        one.has_ended = true;
    }

    /** What only asks, and does nothing for handles that are gone. */
    void Ask(Connection& one) {
        SocketCounters counters;
        TcpInfo info;
        const bool is_known = one.life == Life::Open;
        const bool has_counters = m_engine->CountersOf(one.handle, counters);
        if (one.life == Life::Closed) MUST(!has_counters, "counters of what is closed");
        if (is_known) {
            MUST(has_counters, "no counters");
            MUST(counters.sent_bytes == one.sent_by_engine, "another number of sent bytes");
            MUST(m_engine->TcpInfoOf(one.handle, info), "no TCP information");
        }
    }

    // --- turns ---

    void Told(Connection& one, const uint8_t* bytes, size_t count) {
        for (size_t i = 0; i < count; ++i) MUST(bytes[i] == ByteAt(one.stream, one.told + i), "another byte arrives");
        one.told += count;
        MUST(one.told <= one.sent_by_peer, "more arrives than was sent");
    }

    Connection* Find(Handle handle) {
        for (Connection& one : m_connections) {
            if (one.handle == handle) return &one;
        }
        return nullptr;
    }

    /** @return Number of records. */
    int Turn(int timeout_ms) {
        for (Connection& one : m_connections) one.was_receiving = one.is_receiving;
        const int count = m_engine->Gather(m_records.data(), m_slab.data(), timeout_ms);
        MUST(count >= 0 && count <= kMaxRecords, "a wait fails");
        for (int i = 0; i < count; ++i) {
            const int32_t* word = &m_records[static_cast<size_t>(i * kRecordWords)];
            Take(word[0], word[1], word[2], word[3]);
            // A handler may call anything.
            if (!m_in.IsOver() && (m_in.Byte() & 3) == 0) Step(true);
        }
        m_engine->FinishBatch();
        return count;
    }

    void Take(Handle handle, int32_t flags, int32_t a, int32_t b) {
        // Room may be there again: the turn loop tries later, a schedule when it likes.
        if (flags == kAcceptExhausted) return;
        if (flags == kAccepted) return TakeAccepted(handle, a);
        Connection* one = Find(handle);
        MUST(one != nullptr, "a record for an unknown handle");
        // An earlier record of this batch had it closed.
        if (one->life == Life::Closed) return;
        if (flags == kConnected) {
            MUST(one->life == Life::Dialing && one->is_dialed_by_engine, "connected twice");
            one->life = a == 0 ? Life::Open : Life::Closed;
            return;
        }
        MUST(one->life == Life::Open, "an event before the connection");
        if ((flags & kWritable) != 0) {
            MUST(one->wants_write, "room that nobody asked for");
            one->wants_write = false;
        }
        if ((flags & kReadable) != 0) {
            MUST((flags & kWritable) != 0, "readable alone");
            // The way of the turn loop: receives by itself, if the connection still wants to.
            if (one->is_receiving && !one->has_ended) EngineReceives(*one);
            return;
        }
        if ((flags & (kData | kEof | kReadError)) == 0) return;
        MUST(one->was_receiving, "a paused connection is told of something");
        if ((flags & kData) != 0) {
            MUST(!one->has_ended, "bytes behind the end");
            MUST(b > 0 && a >= 0 && static_cast<size_t>(a + b) <= m_engine->DeferredOffset(), "bytes beside the slab");
            return Told(*one, m_slab.data() + a, static_cast<size_t>(b));
        }
        MUST(!one->has_ended, "an end is told twice");
        one->has_ended = true;
        MUST(one->has_peer_shut_down || one->may_lose || one->has_shut_down, "an end that nobody made");
        if ((flags & kEof) != 0 && !one->may_lose) MUST(one->told == one->sent_by_peer, "bytes are missing before EOF");
    }

    void TakeAccepted(Handle handle, Handle listener) {
        const auto at = std::find_if(m_listeners.begin(), m_listeners.end(),
                                     [&](const Listener& one) { return one.handle == listener; });
        // Within the batch a handler may have closed the listener, or everything.
        if (m_is_destroyed) return;
        Connection* one = at == m_listeners.end() ? nullptr : Next(at->queue, PortOf(AddressOf(handle, End::Remote)));
        if (one == nullptr || one->peer < 0) {
            MUST(m_engine->Close(handle), "an accepted socket is gone");
            if (one != nullptr) one->life = Life::Closed;
            return;
        }
        one->handle = handle;
        one->life = Life::Open;
        one->is_receiving = true;
        one->was_receiving = true;
    }

    // --- the end: nobody waits in vain ---

    bool IsSettled(const Connection& one) const {
        if (one.life == Life::Closed) return true;
        if (one.life == Life::Dialing) return !one.is_dialed_by_engine;
        if (!one.has_ended && one.may_lose) return false;
        if (one.may_lose) return true;
        if (one.told != one.sent_by_peer && !one.has_ended) return false;
        if (one.has_peer_shut_down && !one.has_ended) return false;
        return !one.wants_write && one.heard_by_peer == one.sent_by_engine;
    }

    void Settle() {
        for (Connection& one : m_connections) {
            one.is_receiving = true;
            m_engine->SetReceiving(one.handle, true);
        }
        for (const Listener& listener : m_listeners) m_engine->SetAccepting(listener.handle, true);
        const double deadline = sys::MonotonicMs() + kPatienceMs;
        for (int timeout_ms = 0;; timeout_ms = 1) {
            AcceptPlain();
            for (Connection& one : m_connections) PeerReads(one);
            const int count = Turn(timeout_ms);
            if (count > 0) continue;
            const auto waiting = std::find_if(m_connections.begin(), m_connections.end(),
                                              [&](const Connection& one) { return !IsSettled(one); });
            if (waiting == m_connections.end()) break;
            // The peer of a dial that is in the queue of the plain listener behind others.
            MUST(sys::MonotonicMs() < deadline, "a connection waits in vain");
        }
        size_t open = m_listeners.size();
        for (const Connection& one : m_connections) {
            open += one.life == Life::Open || (one.life == Life::Dialing && one.is_dialed_by_engine) ? 1 : 0;
        }
        MUST(m_engine->SocketCount() == open, "another number of sockets");
    }

    Reader m_in;
    int m_family = AF_INET;
    std::unique_ptr<Engine> m_engine;
    std::vector<uint8_t> m_slab;
    std::vector<int32_t> m_records;
    std::vector<uint8_t> m_scratch;
    std::vector<Connection> m_connections;
    std::vector<Listener> m_listeners;
    /** Who of the engine's dials is accepted next. */
    std::deque<size_t> m_dials;
    int m_raw_listener = -1;
    uint16_t m_raw_port = 0;
    uint32_t m_next_stream = 1;
    bool m_is_destroyed = false;
};

/** The descriptor that comes next: a higher one than before means that one is left. */
int NextDescriptor() {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

}  // namespace

void PlaySchedule(const uint8_t* bytes, size_t length) {
    const int before = NextDescriptor();
    {
        Play play(bytes, length);
        play.Run();
    }
    MUST(NextDescriptor() == before, "a descriptor is left");
}

}  // namespace sockman::fuzz
