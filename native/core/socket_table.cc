#include "core/socket_table.h"

namespace sockman {

uint32_t SocketTable::Take(SocketKind kind, int fd, double now_ms) {
    uint32_t slot = m_first_free;
    if (slot != kNone) {
        m_first_free = m_slots[slot].next_free;
        if (m_first_free == kNone) m_last_free = kNone;
    } else {
        slot = static_cast<uint32_t>(m_slots.size());
        m_slots.emplace_back();
    }
    const uint32_t generation = m_slots[slot].generation;
    m_slots[slot] = Slot{};
    m_slots[slot].generation = generation;
    m_slots[slot].kind = kind;
    m_slots[slot].fd = fd;
    m_slots[slot].is_receiving = true;
    m_slots[slot].created_at_ms = now_ms;
    ++m_open_count;
    return slot;
}

void SocketTable::Free(uint32_t slot) {
    m_slots[slot].kind = SocketKind::Free;
    m_slots[slot].fd = -1;
    ++m_slots[slot].generation;
    --m_open_count;
    m_freed.push_back(slot);
}

void SocketTable::Recycle() {
    for (const uint32_t slot : m_freed) {
        m_slots[slot].next_free = kNone;
        if (m_last_free == kNone) {
            m_first_free = slot;
        } else {
            m_slots[m_last_free].next_free = slot;
        }
        m_last_free = slot;
    }
    m_freed.clear();
}

}  // namespace sockman
