#include "fuzz/stage.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "fuzz/must.h"

namespace sockman::fuzz {

namespace {

constexpr size_t kMaxConnections = 24;
constexpr size_t kMaxListeners = 3;
/**
 * How long an expected event may take, in milliseconds. On loopback it comes at once, except for the timers of a full
 * window.
 */
constexpr int kPatienceMs = 5'000;

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

}  // namespace

Stage::Stage(int family, std::string_view poller, const EngineOptions& options) : m_family(family) {
    Failure failure;
    m_engine = Engine::Make(options, poller, nullptr, failure);
    MUST(m_engine != nullptr, "no engine");
    m_slab.resize(Engine::SlabBytes(options.receive_chunk_bytes));
    m_records.resize(kMaxRecords * kRecordWords);
    m_scratch.resize(kMaxSendBytes);
    m_raw_listener = Plain(Loopback(m_family, 0), m_raw_port);
    Listen();
}

int Stage::Plain(const SocketAddress& at, uint16_t& port) {
    const int fd = socket(at.Family(), SOCK_STREAM | SOCK_NONBLOCK, 0);
    MUST(fd >= 0, "no socket");
    MUST(bind(fd, at.Get(), at.length) == 0 && listen(fd, 128) == 0, "no listener");
    port = LocalPort(fd);
    return fd;
}

bool Stage::MayRefuse(int error) const {
    // A full table refuses first: within a batch even if all of it was closed.
    return error == EMFILE || error == (m_is_destroyed ? EBADF : EADDRNOTAVAIL);
}

void Stage::Listen() {
    if (m_listeners.size() >= kMaxListeners) return;
    const OpenResult opened = m_engine->Listen(Loopback(m_family, 0), {});
    if (opened.handle == kNoHandle) {
        MUST(MayRefuse(opened.failure.error), "a listener is refused");
        return;
    }
    m_listeners.push_back({opened.handle, {}});
}

void Stage::CloseListener(size_t place) {
    if (m_listeners.empty()) return;
    const size_t index = place % m_listeners.size();
    MUST(m_engine->Close(m_listeners[index].handle), "a listener is gone");
    m_listeners.erase(m_listeners.begin() + static_cast<std::ptrdiff_t>(index));
}

void Stage::SetAccepting(size_t place, bool on) {
    if (m_listeners.empty()) return;
    m_engine->SetAccepting(m_listeners[place % m_listeners.size()].handle, on);
}

bool Stage::CanDialListener() const { return !m_listeners.empty() && m_connections.size() < kMaxConnections; }

void Stage::DialListener(size_t place) {
    Listener& listener = m_listeners[place % m_listeners.size()];
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

SocketAddress Stage::AddressOf(Handle handle, End end) const {
    SocketAddress address;
    uint8_t packed[kMaxPackedBytes];
    const size_t bytes = m_engine->AddressOf(handle, end, packed);
    MUST(bytes > 0 && Unpack(packed, bytes, address), "an open socket has no address");
    return address;
}

void Stage::DialOut() {
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

/** The connection that is accepted next, if it is the one with this port; those before it never arrived. */
Connection* Stage::Next(std::deque<size_t>& queue, uint16_t port) {
    while (!queue.empty()) {
        Connection& one = m_connections[queue.front()];
        queue.pop_front();
        if (one.port == port) return &one;
    }
    return nullptr;
}

void Stage::AcceptPlain() {
    SocketAddress from;
    const int fd = sys::Accept(m_raw_listener, from);
    if (fd < 0) return;
    Connection* one = Next(m_dials, PortOf(from));
    // A destroyed engine refuses a dial only when it would watch the new socket.
    MUST(one != nullptr ? one->peer < 0 : m_is_destroyed, "a stranger dials");
    if (one == nullptr || one->life == Life::Closed) {
        close(fd);
    } else {
        one->peer = fd;
    }
}

void Stage::PeerSends(Connection& one, size_t bytes) {
    if (one.peer < 0 || one.has_peer_shut_down) return;
    for (size_t i = 0; i < bytes; ++i) m_scratch[i] = ByteAt(one.stream, one.sent_by_peer + i);
    const ssize_t sent = send(one.peer, m_scratch.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) one.sent_by_peer += static_cast<uint64_t>(sent);
}

void Stage::PeerReads(Connection& one) {
    if (one.peer < 0) return;
    for (;;) {
        const ssize_t count = recv(one.peer, m_scratch.data(), m_scratch.size(), MSG_DONTWAIT);
        if (count <= 0) return;
        HeardByPeer(one, m_scratch.data(), static_cast<size_t>(count));
    }
}

void Stage::PeerShutsDown(Connection& one) {
    if (one.peer >= 0 && shutdown(one.peer, SHUT_WR) == 0) one.has_peer_shut_down = true;
}

void Stage::ClosePeer(Connection& one, bool with_reset) {
    if (one.peer < 0) return;
    if (with_reset) sys::SetResetOnClose(one.peer);
    close(one.peer);
    one.peer = -1;
    one.has_peer_shut_down = true;
    one.may_lose = true;
}

void Stage::EngineSends(Connection& one, size_t bytes) {
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

void Stage::EngineReceives(Connection& one) {
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

void Stage::EngineShutsDown(Connection& one) {
    if (m_engine->ShutdownSend(one.handle) == 0) one.has_shut_down = true;
}

void Stage::EngineCloses(Connection& one, bool with_reset) {
    const bool is_open = IsOpen(one);
    const bool was_open = with_reset ? m_engine->Reset(one.handle) : m_engine->Close(one.handle);
    MUST(was_open == is_open, "the engine and the schedule disagree about what is open");
    if (is_open) one.life = Life::Closed;
}

void Stage::SetReceiving(Connection& one, bool on) {
    one.is_receiving = on;
    m_engine->SetReceiving(one.handle, on);
}

void Stage::Ask(Connection& one) {
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

Connection* Stage::Find(Handle handle) {
    for (Connection& one : m_connections) {
        if (one.handle == handle) return &one;
    }
    return nullptr;
}

int Stage::Turn(int timeout_ms, const std::function<void()>& behind_record) {
    for (Connection& one : m_connections) one.was_receiving = one.is_receiving;
    const int count = m_engine->Gather(m_records.data(), m_slab.data(), timeout_ms);
    MUST(count >= 0 && count <= kMaxRecords, "a wait fails");
    for (int i = 0; i < count; ++i) {
        const int32_t* word = &m_records[static_cast<size_t>(i * kRecordWords)];
        Take(word[0], word[1], word[2], word[3]);
        behind_record();
    }
    m_engine->FinishBatch();
    return count;
}

void Stage::Take(Handle handle, int32_t flags, int32_t a, int32_t b) {
    // There may be room again: the turn loop tries later, a schedule at any time.
    if (flags == kAcceptExhausted) return;
    if (flags == kAccepted) return TakeAccepted(handle, a);
    Connection* one = Find(handle);
    MUST(one != nullptr, "a record for an unknown handle");
    // An earlier record of this batch closed it.
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
        // As the turn loop does: receives by itself, if the connection is not paused.
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

void Stage::TakeAccepted(Handle handle, Handle listener) {
    const auto at = std::find_if(m_listeners.begin(), m_listeners.end(),
                                 [&](const Listener& one) { return one.handle == listener; });
    // A handler of the batch may have closed the listener, or everything.
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

void Stage::Destroy() {
    m_engine->Destroy();
    m_is_destroyed = true;
    m_listeners.clear();
    for (Connection& one : m_connections) {
        if (one.handle != kNoHandle) one.life = Life::Closed;
    }
}

void Stage::Settle() {
    for (Connection& one : m_connections) SetReceiving(one, true);
    for (const Listener& listener : m_listeners) m_engine->SetAccepting(listener.handle, true);
    const double deadline = sys::MonotonicMs() + kPatienceMs;
    for (int timeout_ms = 0;; timeout_ms = 1) {
        AcceptPlain();
        for (Connection& one : m_connections) PeerReads(one);
        const int count = Turn(timeout_ms, [] {});
        if (count > 0) continue;
        const auto waiting = std::find_if(m_connections.begin(), m_connections.end(),
                                          [](const Connection& one) { return !IsSettled(one); });
        if (waiting == m_connections.end()) break;
        // The peer of a dial that waits in the queue of the plain listener behind others.
        MUST(sys::MonotonicMs() < deadline, "a connection waits in vain");
    }
    size_t open = m_listeners.size();
    for (const Connection& one : m_connections) open += IsOpen(one) ? 1 : 0;
    MUST(m_engine->SocketCount() == open, "another number of sockets");
}

void Stage::TearDown() {
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

}  // namespace sockman::fuzz
