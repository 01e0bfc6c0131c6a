#include "core/engine.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace sockman {

namespace {

/** Stands for a poller that was closed. */
class ClosedPoller final : public Poller {
public:
    const char* Name() const override { return "closed"; }
    int Descriptor() const override { return -1; }
    bool HasEdges() const override { return false; }
    int SetInterest(int, uint64_t, uint32_t, uint32_t) override { return -EBADF; }
    int Wait(PollEvent*, int, int) override { return 0; }
};

OpenResult Refused(Syscall call, int status) { return {kNoHandle, {call, -status}}; }

/** Runs the steps of opening a socket until one fails, and remembers that one. */
class Steps {
public:
    template <typename Step>
    void Do(Syscall call, Step step) {
        if (m_failure.error != 0) return;
        const int status = step();
        if (status < 0) m_failure = {call, -status};
    }
    bool HaveFailed() const { return m_failure.error != 0; }
    OpenResult Result() const { return {kNoHandle, m_failure}; }

private:
    Failure m_failure;
};

}  // namespace

std::unique_ptr<Engine> Engine::Make(const EngineOptions& options, std::string_view poller, InterestObserver* observer,
                                     Failure& failure) {
    int error = 0;
    std::unique_ptr<Poller> made = MakePoller(poller, error);
    if (made == nullptr) {
        failure = {Syscall::PollerCreate, error};
        return nullptr;
    }
    return std::make_unique<Engine>(options, std::move(made), observer);
}

Engine::Engine(const EngineOptions& options, std::unique_ptr<Poller> poller, InterestObserver* observer)
    : m_options(options),
      m_poller(std::move(poller)),
      m_observer(m_poller->Descriptor() < 0 ? observer : nullptr),
      m_has_edges(m_poller->HasEdges()),
      m_table(options.max_sockets),
      m_now_ms(sys::MonotonicMs()) {}

Engine::~Engine() { CloseAll(); }

// --- opening ---

OpenResult Engine::Listen(const SocketAddress& at, const ListenOptions& options) {
    if (m_table.IsFull()) return Refused(Syscall::Socket, -EMFILE);
    const int family = at.Family();
    const int fd = sys::OpenStream(family);
    if (fd < 0) return Refused(Syscall::Socket, fd);

    Steps steps;
    steps.Do(Syscall::SetSockOpt, [&] { return sys::SetOptions(fd, family, m_options.socket); });
    if (family != AF_UNIX) {
        steps.Do(Syscall::SetSockOpt, [&] { return sys::SetReuseAddress(fd); });
        if (options.reuse_port) steps.Do(Syscall::SetSockOpt, [&] { return sys::SetReusePort(fd); });
    }
    if (family == AF_INET6) {
        steps.Do(Syscall::SetSockOpt, [&] { return sys::SetIpv6Only(fd, !options.dual_stack); });
    }
    steps.Do(Syscall::Bind, [&] { return sys::Bind(fd, at); });
    if (steps.HaveFailed()) {
        sys::Close(fd);
        return steps.Result();
    }

    // A path in the file system exists from now on, so only `CloseSlot` can undo the following steps.
    m_now_ms = sys::MonotonicMs();
    const uint32_t index = m_table.Take(SocketKind::Listener, fd, m_now_ms);
    Listener& listener = m_listeners[index];
    listener.family = family;
    if (const char* path = at.UnixPath(); path != nullptr) {
        // The process may be in another directory by the time the path is removed.
        steps.Do(Syscall::Stat, [&] { return sys::AbsolutePath(path, listener.path); });
        steps.Do(Syscall::Stat, [&] { return sys::IdentifyFile(path, listener.file); });
        if (steps.HaveFailed()) listener.path.clear();
    }
    steps.Do(Syscall::Listen, [&] { return sys::Listen(fd, options.backlog); });
    // Asked here, where it may fail: a listener without a known address is useless.
    SocketAddress bound;
    steps.Do(Syscall::GetSockName, [&] { return sys::LocalAddress(fd, bound); });
    steps.Do(Syscall::PollerAdd, [&] { return FollowWish(index); });
    if (steps.HaveFailed()) {
        CloseSlot(index, false);
        return steps.Result();
    }
    return {m_table.HandleOf(index), {}};
}

OpenResult Engine::Connect(const SocketAddress& to, const SocketAddress& local) {
    if (m_table.IsFull()) return Refused(Syscall::Socket, -EMFILE);
    // A bound path would leave a file behind.
    if (local.Family() == AF_UNIX) return Refused(Syscall::Bind, -EAFNOSUPPORT);
    const int family = to.Family();
    const int fd = sys::OpenStream(family);
    if (fd < 0) return Refused(Syscall::Socket, fd);

    Steps steps;
    steps.Do(Syscall::SetSockOpt, [&] { return sys::SetOptions(fd, family, m_options.socket); });
    if (local.length != 0) {
        steps.Do(Syscall::SetSockOpt, [&] { return sys::SetReuseAddress(fd); });
        steps.Do(Syscall::SetSockOpt, [&] { return sys::SetBindAddressNoPort(fd); });
        steps.Do(Syscall::Bind, [&] { return sys::Bind(fd, local); });
    }
    steps.Do(Syscall::Connect, [&] { return sys::Connect(fd, to); });
    if (steps.HaveFailed()) {
        sys::Close(fd);
        return steps.Result();
    }

    m_now_ms = sys::MonotonicMs();
    const uint32_t index = m_table.Take(SocketKind::Connecting, fd, m_now_ms);
    m_table.At(index).remote = Compact(to);
    steps.Do(Syscall::PollerAdd, [&] { return FollowWish(index); });
    if (steps.HaveFailed()) {
        CloseSlot(index, false);
        return steps.Result();
    }
    return {m_table.HandleOf(index), {}};
}

// --- sending and receiving ---

ssize_t Engine::SendOn(Slot& slot, const void* data, size_t bytes, bool more_follows) {
    if (bytes == 0 || slot.kind == SocketKind::Listener) return 0;
    ssize_t sent = 0;
    // Kernels answer differently to a send during the connect; here it always means "no room yet".
    if (slot.kind == SocketKind::Connected) sent = sys::Send(slot.fd, data, bytes, more_follows);
    if (sent == -EAGAIN) sent = 0;
    const bool is_out_of_memory = sys::IsOutOfMemory(sent);
    if (sent < 0 && !is_out_of_memory) {
        // The kernel reports the error of a connection once: a reset, a time-out, an unreachable host. The receive that
        // follows would take the end for an orderly one. EPIPE is different: our side is closed, the peer reset after its
        // own FIN, or the error was taken before.
        if (sent != -EPIPE) slot.taken_error = static_cast<uint8_t>(-sent);
        return sent;
    }
    if (sent > 0) {
        slot.sent_bytes += static_cast<uint64_t>(sent);
        slot.last_send_at_ms = NowMs();
    }
    if ((is_out_of_memory || static_cast<size_t>(sent) < bytes) && !slot.wants_write) {
        slot.wants_write = true;
        WishChanged(m_table.IndexOf(slot));
    }
    return sent;
}

ssize_t Engine::Send(Handle handle, const void* data, size_t bytes, bool more_follows) {
    Slot* slot = m_table.FindHandle(handle);
    return slot == nullptr ? 0 : SendOn(*slot, data, bytes, more_follows);
}

void Engine::SendMany(const Handle* handles, size_t count, const void* data, size_t bytes, bool more_follows,
                      int32_t* results) {
    for (size_t i = 0; i < count; ++i) {
        results[i] = static_cast<int32_t>(Send(handles[i], data, bytes, more_follows));
    }
}

ssize_t Engine::ReceiveOn(Slot& slot, uint8_t* to) {
    ssize_t received = sys::Receive(slot.fd, to, m_options.receive_chunk_bytes);
    // A reset whose error was already taken looks like an orderly end.
    if (received == 0 && slot.taken_error != 0) received = -slot.taken_error;
    slot.is_still_ready = false;
    if (received > 0) {
        slot.received_bytes += static_cast<uint64_t>(received);
        slot.last_receive_at_ms = NowMs();
        if (slot.receives_to_the_end || static_cast<size_t>(received) == m_options.receive_chunk_bytes) KeepReady(slot);
    } else if (received == -EAGAIN) {
        slot.receives_to_the_end = false;
        WatchAnew(slot);
    } else if (sys::IsOutOfMemory(received)) {
        KeepReady(slot);
    } else {
        slot.has_receive_ended = true;
        WishChanged(m_table.IndexOf(slot));
    }
    return received;
}

ssize_t Engine::Receive(Handle handle, uint8_t* slab) {
    Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr) return -EBADF;
    if (slot->kind != SocketKind::Connected) return -EAGAIN;
    return ReceiveOn(*slot, slab + DeferredOffset());
}

void Engine::SetReceiving(Handle handle, bool on) {
    Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr || slot->kind == SocketKind::Listener || slot->is_receiving == on) return;
    slot->is_receiving = on;
    WishChanged(SocketTable::SlotOf(handle));
}

void Engine::SetResting(Handle handle, bool on) {
    Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr || slot->is_resting == on) return;
    slot->is_resting = on;
    WishChanged(SocketTable::SlotOf(handle));
    // A rest that ends within the batch it began in was never told to the poller, which would not report the socket again.
    if (!on && m_is_in_batch && (slot->interest & kInterestEdge) != 0) {
        m_poller->SetInterest(slot->fd, m_table.TokenOf(SocketTable::SlotOf(handle)), slot->interest, slot->interest);
    }
}

void Engine::SetAccepting(Handle listener, bool on) {
    Slot* slot = m_table.FindHandle(listener);
    if (slot == nullptr || slot->kind != SocketKind::Listener || slot->is_receiving == on) return;
    slot->is_receiving = on;
    WishChanged(SocketTable::SlotOf(listener));
}

void Engine::Drain(Handle listener) {
    const Slot* slot = m_table.FindHandle(listener);
    if (slot == nullptr || slot->kind != SocketKind::Listener) return;
    Listener& what = m_listeners.at(SocketTable::SlotOf(listener));
    if (what.family != AF_UNIX) {
        sys::RefuseNewConnections(slot->fd);
        return;
    }
    if (!what.path.empty()) sys::RemoveFile(what.path.c_str(), what.file);
    what.path.clear();
}

// --- interest ---

/** The interest that the socket needs in its present state. */
uint32_t Engine::WantedInterest(const Slot& slot) const {
    switch (slot.kind) {
        case SocketKind::Free:
            return kInterestNone;
        case SocketKind::Listener:
            return slot.is_receiving ? kInterestRead : kInterestNone;
        case SocketKind::Connecting:
            return kInterestWrite;
        case SocketKind::Connected:
            break;
    }
    if (slot.is_resting) return kInterestNone;
    const uint32_t wanted = (slot.is_receiving && !slot.has_receive_ended ? kInterestRead : kInterestNone) |
                            (slot.wants_write ? kInterestWrite : kInterestNone);
    const bool has_edges = wanted != kInterestNone && m_has_edges && slot.remote.kind != AddressKind::Unix;
    return has_edges ? wanted | kInterestEdge : wanted;
}

/** The poller will not report again what the socket may hold. */
void Engine::KeepReady(Slot& slot) {
    if ((slot.interest & kInterestEdge) == 0 || slot.is_still_ready) return;
    slot.is_still_ready = true;
    m_still_ready.push_back(m_table.TokenOf(m_table.IndexOf(slot)));
}

/**
 * Makes the poller look once more at a socket that was not ready after all: otherwise it would report only the next change.
 */
void Engine::WatchAnew(const Slot& slot) {
    if ((slot.interest & kInterestEdge) == 0) return;
    m_poller->SetInterest(slot.fd, m_table.TokenOf(m_table.IndexOf(slot)), slot.interest, slot.interest);
}

void Engine::WishChanged(uint32_t index) {
    if (!m_is_in_batch) return FollowWishOrReport(index);
    Slot& slot = m_table.At(index);
    if (slot.is_interest_stale) return;
    slot.is_interest_stale = true;
    m_stale_interest.push_back(index);
}

int Engine::FollowWish(uint32_t index) {
    Slot& slot = m_table.At(index);
    const uint32_t wanted = WantedInterest(slot);
    if (wanted == slot.interest) return 0;
    const int status = m_poller->SetInterest(slot.fd, m_table.TokenOf(index), slot.interest, wanted);
    if (status < 0) return status;
    slot.interest = static_cast<uint8_t>(wanted);
    if (m_observer != nullptr) m_observer->OnInterest(slot.fd, wanted);
    return 0;
}

void Engine::FollowWishOrReport(uint32_t index) {
    const int status = FollowWish(index);
    if (status == 0) return;
    // The kernel may be out of memory for its set. An unwatched socket would be silent for ever, so it ends here.
    Slot& slot = m_table.At(index);
    if (slot.kind == SocketKind::Listener) {
        slot.is_receiving = false;
    } else {
        slot.has_receive_ended = true;
        slot.wants_write = false;
    }
    m_broken.push_back({m_table.TokenOf(index), -status});
}

// --- closing ---

int Engine::ShutdownSend(Handle handle) {
    const Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr) return -EBADF;
    // Linux would end the connect instead, without an event.
    if (slot->kind != SocketKind::Connected) return -ENOTCONN;
    return sys::ShutdownSend(slot->fd);
}

void Engine::CloseSlot(uint32_t index, bool with_reset) {
    Slot& slot = m_table.At(index);
    slot.kind = SocketKind::Free;
    [[maybe_unused]] const int status = FollowWish(index);
    assert(status == 0);  // Nothing is allocated to forget a descriptor.
    if (const auto listener = m_listeners.find(index); listener != m_listeners.end()) {
        // While the socket is open no other file can have its file's identity.
        if (!listener->second.path.empty()) sys::RemoveFile(listener->second.path.c_str(), listener->second.file);
        m_listeners.erase(listener);
    }
    if (with_reset) sys::SetResetOnClose(slot.fd);
    sys::Close(slot.fd);
    m_table.Free(index);
    if (!m_is_in_batch) m_table.Recycle();
}

bool Engine::Close(Handle handle) {
    if (m_table.FindHandle(handle) == nullptr) return false;
    CloseSlot(SocketTable::SlotOf(handle), false);
    return true;
}

bool Engine::Reset(Handle handle) {
    if (m_table.FindHandle(handle) == nullptr) return false;
    CloseSlot(SocketTable::SlotOf(handle), true);
    return true;
}

void Engine::CloseAll() {
    for (uint32_t index = 0; index < m_table.SlotCount(); ++index) {
        if (m_table.At(index).kind != SocketKind::Free) CloseSlot(index, false);
    }
}

void Engine::Destroy() {
    CloseAll();
    m_event_count = 0;
    m_is_wait_due = false;
    m_ready_listeners.clear();
    m_broken.clear();
    m_still_ready.clear();
    m_poller = std::make_unique<ClosedPoller>();
}

// --- asking ---

size_t Engine::AddressOf(Handle handle, End end, uint8_t* packed) const {
    const Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr) return 0;
    SocketAddress address;
    if (end == End::Local) {
        if (sys::LocalAddress(slot->fd, address) < 0) return 0;
    } else if (slot->remote.kind == AddressKind::Unix) {
        if (sys::RemoteAddress(slot->fd, address) < 0) return 0;
    } else {
        address = Expand(slot->remote);
    }
    return Pack(address, packed);
}

bool Engine::CountersOf(Handle handle, SocketCounters& counters) const {
    const Slot* slot = m_table.FindHandle(handle);
    if (slot == nullptr) return false;
    counters = {slot->received_bytes, slot->sent_bytes, slot->created_at_ms, slot->last_send_at_ms,
                slot->last_receive_at_ms};
    return true;
}

bool Engine::TcpInfoOf(Handle handle, TcpInfo& info) const {
    const Slot* slot = m_table.FindHandle(handle);
    return slot != nullptr && slot->kind == SocketKind::Connected && sys::GetTcpInfo(slot->fd, info) == 0;
}

double Engine::NowMs() const {
    // One exact reading per batch serves everything in it. Between batches the cheap clock is enough, which must not lag
    // behind that reading.
    return m_is_in_batch ? m_now_ms : std::max(m_now_ms, sys::CoarseMonotonicMs());
}

}  // namespace sockman
