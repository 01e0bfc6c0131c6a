// The batch: from the poller's events to records. Runs once per wake-up, and its body once per ready socket.

#include <algorithm>
#include <cerrno>

#include "core/engine.h"

namespace sockman {

namespace {

/** Whether accepting failed for lack of something that others may free. */
bool IsShortage(int status) {
    return status == -EMFILE || status == -ENFILE || sys::IsOutOfMemory(status);
}

}  // namespace

/** The caller's records and slab, and how much of them is used. */
class Engine::RecordWriter {
public:
    RecordWriter(int32_t* records, uint8_t* slab, size_t receive_chunk_bytes)
        : m_records(records), m_slab(slab), m_receive_chunk_bytes(receive_chunk_bytes) {}

    int Count() const { return m_count; }
    bool IsFull() const { return m_count == kMaxRecords; }
    /** Whether one more receive of a full chunk fits before the deferred region. */
    bool HasRoomToReceive() const { return m_used_bytes <= m_receive_chunk_bytes; }

    uint8_t* ReceiveTo() const { return m_slab + m_used_bytes; }
    /** Keeps the bytes received at `ReceiveTo()`. @return Their offset. */
    int32_t Keep(size_t received_bytes) {
        const size_t offset = m_used_bytes;
        m_used_bytes += received_bytes;
        return static_cast<int32_t>(offset);
    }

    void Add(Handle handle, int32_t flags, int32_t a, int32_t b = 0) {
        int32_t* record = m_records + m_count * kRecordWords;
        record[0] = handle;
        record[1] = flags;
        record[2] = a;
        record[3] = b;
        ++m_count;
    }

private:
    int32_t* const m_records;
    uint8_t* const m_slab;
    const size_t m_receive_chunk_bytes;
    size_t m_used_bytes = 0;
    int m_count = 0;
};

int Engine::FetchEvents(int timeout_ms) {
    m_next_event = 0;
    m_event_count = 0;
    m_is_wait_due = false;
    // At least half of the room is for sockets that were still ready, however many others are.
    const int max_events = m_still_ready.empty() ? kMaxEvents : kMaxEvents / 2;
    const int count = m_poller->Wait(m_events.data(), max_events, m_still_ready.empty() ? timeout_ms : 0);
    if (count < 0) return count;
    m_event_count = count;
    m_is_wait_due = count == max_events;
    if (!m_still_ready.empty()) AddStillReady();
    return 0;
}

/**
 * Adds an event for each socket of the list, as far as there is room; one that the poller reported as well gets one event.
 */
void Engine::AddStillReady() {
    for (int i = 0; i < m_event_count; ++i) {
        PollEvent& event = m_events[static_cast<size_t>(i)];
        Slot* slot = m_table.FindToken(event.token);
        if (slot == nullptr || !slot->is_still_ready) continue;
        slot->is_still_ready = false;
        event.ready |= kInterestRead;
    }
    auto next = m_still_ready.begin();
    for (; next != m_still_ready.end() && m_event_count < kMaxEvents; ++next) {
        Slot* slot = m_table.FindToken(*next);
        if (slot == nullptr || !slot->is_still_ready) continue;
        slot->is_still_ready = false;
        m_events[static_cast<size_t>(m_event_count++)] = {*next, kInterestRead};
    }
    m_still_ready.erase(m_still_ready.begin(), next);
}

int Engine::Gather(int32_t* records, uint8_t* slab, int timeout_ms) {
    if (!HasUnreported()) {
        const int status = FetchEvents(timeout_ms);
        if (status < 0) return status;
    }
    m_is_in_batch = true;
    m_now_ms = sys::MonotonicMs();

    RecordWriter out(records, slab, m_options.receive_chunk_bytes);
    ReportBroken(out);
    const int batch_end = std::min(m_event_count, m_next_event + kBatchEvents);
    while (m_next_event < batch_end && !out.IsFull() && out.HasRoomToReceive()) {
        ReportEvent(m_events[static_cast<size_t>(m_next_event++)], out);
    }
    // Listeners come last, so that connections are served before new ones are accepted.
    while (m_next_event == m_event_count && !m_ready_listeners.empty() && !out.IsFull()) {
        const uint64_t token = m_ready_listeners.back();
        m_ready_listeners.pop_back();
        AcceptFrom(token, out);
    }
    return out.Count();
}

void Engine::FinishBatch() {
    m_is_in_batch = false;
    for (const uint32_t index : m_stale_interest) {
        m_table.At(index).is_interest_stale = false;
        FollowWishOrReport(index);
    }
    m_stale_interest.clear();
    m_table.Recycle();
}

void Engine::ReportEvent(const PollEvent& event, RecordWriter& out) {
    Slot* found = m_table.FindToken(event.token);
    if (found == nullptr) return;  // Closed since the event was fetched.
    Slot& slot = *found;
    const uint32_t index = SocketTable::SlotOfToken(event.token);
    if (event.error != 0) slot.taken_error = static_cast<uint8_t>(event.error);
    if (slot.kind == SocketKind::Connecting) return ReportConnectOutcome(index, out);
    if (slot.kind == SocketKind::Listener) {
        m_ready_listeners.push_back(event.token);
        return;
    }

    int32_t flags = 0;
    int32_t a = 0;
    int32_t b = 0;
    if ((event.ready & kInterestWrite) != 0 && slot.wants_write) {
        slot.wants_write = false;
        WishChanged(index);
        flags = kWritable;
    }
    if ((event.ready & kInterestRead) != 0 && slot.is_receiving && !slot.is_resting && !slot.has_receive_ended) {
        if ((event.ready & kMoreBehind) != 0) slot.receives_to_the_end = true;
        if (flags != 0) {
            flags |= kReadable;
            KeepReady(slot);
        } else {
            const ssize_t received = ReceiveOn(slot, out.ReceiveTo());
            if (received > 0) {
                if (static_cast<uint64_t>(received) < event.receivable_bytes) KeepReady(slot);
                flags = kData;
                a = out.Keep(static_cast<size_t>(received));
                b = static_cast<int32_t>(received);
            } else if (received == 0) {
                flags = kEof;
            } else if (sys::IsOutOfMemory(received)) {
                // The sink's own receive reports it.
                flags = kReadable;
            } else if (received != -EAGAIN) {
                flags = kReadError;
                a = static_cast<int32_t>(-received);
            }
        }
    }
    if (flags != 0) out.Add(m_table.HandleOf(index), flags, a, b);
}

void Engine::ReportConnectOutcome(uint32_t index, RecordWriter& out) {
    Slot& slot = m_table.At(index);
    const Handle handle = m_table.HandleOf(index);
    const int error = slot.taken_error != 0 ? slot.taken_error : sys::TakeError(slot.fd);
    if (error == 0) {
        slot.kind = SocketKind::Connected;
        NameRemote(slot);
        WishChanged(index);
        out.Add(handle, kConnected, 0);
    } else {
        CloseSlot(index, false);
        out.Add(handle, kConnected, error < 0 ? -error : error);
    }
}

void Engine::NameRemote(Slot& slot) {
    // A dial to the unspecified address reaches an address of this host.
    if (!IsUnspecified(slot.remote)) return;
    SocketAddress remote;
    if (sys::RemoteAddress(slot.fd, remote) == 0) slot.remote = Compact(remote);
}

void Engine::AcceptFrom(uint64_t listener_token, RecordWriter& out) {
    const Slot* found = m_table.FindToken(listener_token);
    if (found == nullptr || !found->is_receiving) return;
    const int listener_fd = found->fd;  // `found` dies with the first socket that enters the table.
    const uint32_t listener_index = SocketTable::SlotOfToken(listener_token);
    const Handle listener_handle = m_table.HandleOf(listener_index);
    Listener& listener = m_listeners.at(listener_index);

    for (int i = 0; i < m_options.accept_batch && !out.IsFull(); ++i) {
        SocketAddress from;
        const int fd = m_table.IsFull() ? -EMFILE : sys::Accept(listener_fd, from);
        if (fd >= 0) {
            const Handle handle = Adopt(fd, from, listener.family);
            if (handle != kNoHandle) out.Add(handle, kAccepted, listener_handle);
        } else if (fd == -EAGAIN) {
            return;
        } else if (IsShortage(fd)) {
            // Still ready, it would wake us at once, in vain. The sink decides when to try again.
            m_table.At(listener_index).is_receiving = false;
            WishChanged(listener_index);
            out.Add(listener_handle, kAcceptExhausted, -fd);
            return;
        }
        // Any other error belongs to the connection that was to be accepted, not to the listener (accept(2)).
    }
    // The accepted connections have bytes by now as well, and are asked about first.
    m_is_wait_due = true;
}

Handle Engine::Adopt(int fd, const SocketAddress& from, int family) {
    const uint32_t index = m_table.Take(SocketKind::Connected, fd, m_now_ms);
    m_table.At(index).remote = Compact(from);
    const bool is_ready = kAcceptInheritsOptions || sys::SetOptions(fd, family, m_options.socket) == 0;
    if (is_ready && FollowWish(index) == 0) return m_table.HandleOf(index);
    CloseSlot(index, false);
    ++m_dropped_accept_count;
    return kNoHandle;
}

void Engine::ReportBroken(RecordWriter& out) {
    while (!m_broken.empty() && !out.IsFull()) {
        const Broken broken = m_broken.back();
        m_broken.pop_back();
        const Slot* slot = m_table.FindToken(broken.token);
        if (slot == nullptr) continue;
        const int32_t flag = slot->kind == SocketKind::Listener ? kAcceptExhausted : kReadError;
        out.Add(m_table.HandleOf(SocketTable::SlotOfToken(broken.token)), flag, broken.error);
    }
}

}  // namespace sockman
