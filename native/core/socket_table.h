// The table of sockets: slots that are reused, each time with a new generation. Independent of what a socket does.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/address.h"
#include "core/records.h"

namespace sockman {

enum class SocketKind : uint8_t { Free, Listener, Connecting, Connected };

/** One socket. The fields that every event reads come first. */
struct Slot {
    int fd = -1;
    /** Incremented each time the slot is freed. */
    uint32_t generation = 0;
    /** The next slot of the free list, while this one is on it. */
    uint32_t next_free = 0;
    SocketKind kind = SocketKind::Free;
    /** The interest that the poller has. */
    uint8_t interest = 0;
    /** The errno that the poller had to take from the socket, or 0. It fits into 8 bits on every system. */
    uint8_t taken_error = 0;
    /** Whether receive events are wanted; for a listener, whether it accepts. */
    bool is_receiving : 1 = false;
    /** EOF or a read error was seen: nothing more can be received. */
    bool has_receive_ended : 1 = false;
    /** A send was short: report when there is room. */
    bool wants_write : 1 = false;
    /** Ignored by the poller for a while, whatever is wanted. */
    bool is_resting : 1 = false;
    /** In the engine's list of sockets whose interest has to be updated. */
    bool is_interest_stale : 1 = false;
    /** With edges: there may be more to receive that the poller will not report again. In the engine's list. */
    bool is_still_ready : 1 = false;
    /** With edges: only a receive that gets nothing, or EOF, is the last one. */
    bool receives_to_the_end : 1 = false;

    uint64_t received_bytes = 0;
    uint64_t sent_bytes = 0;
    double last_receive_at_ms = 0;
    double last_send_at_ms = 0;
    double created_at_ms = 0;
    Address remote;
};

/** Lives on the thread of its engine. */
class SocketTable {
public:
    /** The highest number is never used, so that no handle is `kNoHandle`. */
    static constexpr uint32_t kMaxSlots = kSlotMask;

    /** @param max_slots - 1..kMaxSlots. */
    explicit SocketTable(uint32_t max_slots = kMaxSlots) : m_max_slots(max_slots) {}

    bool IsFull() const { return m_first_free == kNone && m_slots.size() == m_max_slots; }
    size_t OpenCount() const { return m_open_count; }
    uint32_t SlotCount() const { return static_cast<uint32_t>(m_slots.size()); }

    /** Takes the slot that has been free longest, or a new one. Not when full. Moves every `Slot`. */
    uint32_t Take(SocketKind kind, int fd, double now_ms);
    /** Invalidates all names of the slot. The slot itself waits for `Recycle`. */
    void Free(uint32_t slot);
    /** Makes freed slots available to `Take`. */
    void Recycle();

    Slot& At(uint32_t slot) { return m_slots[slot]; }
    const Slot& At(uint32_t slot) const { return m_slots[slot]; }

    uint32_t IndexOf(const Slot& slot) const { return static_cast<uint32_t>(&slot - m_slots.data()); }

    Handle HandleOf(uint32_t slot) const { return static_cast<Handle>((m_slots[slot].generation << kSlotBits) | slot); }
    uint64_t TokenOf(uint32_t slot) const { return (uint64_t{m_slots[slot].generation} << 32) | slot; }

    /** The open socket of that name, or nullptr. Valid until the next `Take`. */
    Slot* FindHandle(Handle handle) {
        const uint32_t slot = SlotOf(handle);
        return slot < m_slots.size() && HandleOf(slot) == handle && IsOpen(slot) ? &m_slots[slot] : nullptr;
    }
    const Slot* FindHandle(Handle handle) const { return const_cast<SocketTable*>(this)->FindHandle(handle); }
    Slot* FindToken(uint64_t token) {
        const uint32_t slot = SlotOfToken(token);
        return slot < m_slots.size() && TokenOf(slot) == token && IsOpen(slot) ? &m_slots[slot] : nullptr;
    }

    static uint32_t SlotOf(Handle handle) { return static_cast<uint32_t>(handle) & kSlotMask; }
    static uint32_t SlotOfToken(uint64_t token) { return static_cast<uint32_t>(token); }

private:
    static constexpr uint32_t kNone = UINT32_MAX;

    bool IsOpen(uint32_t slot) const { return m_slots[slot].kind != SocketKind::Free; }

    const uint32_t m_max_slots;
    std::vector<Slot> m_slots;
    size_t m_open_count = 0;
    // First in, first out, so that a generation of ten bits lasts as long as possible.
    uint32_t m_first_free = kNone;
    uint32_t m_last_free = kNone;
    std::vector<uint32_t> m_freed;
};

}  // namespace sockman
