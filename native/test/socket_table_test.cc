#include "core/socket_table.h"

#include <set>

#include "support.h"

namespace sockman::test {

TEST_CASE("slots are reused in the order they were freed, and only after Recycle") {
    SocketTable table;
    const uint32_t a = table.Take(SocketKind::Connected, 10, 1.0);
    const uint32_t b = table.Take(SocketKind::Connected, 11, 1.0);
    table.Free(b);
    table.Free(a);
    const uint32_t c = table.Take(SocketKind::Connected, 12, 1.0);
    CHECK(c != a);
    CHECK(c != b);
    table.Recycle();
    CHECK(table.Take(SocketKind::Connected, 13, 1.0) == b);
    CHECK(table.Take(SocketKind::Connected, 14, 1.0) == a);
    CHECK(table.Take(SocketKind::Connected, 15, 1.0) == 3);
    CHECK(table.OpenCount() == 4);
}

TEST_CASE("the names of a slot's former socket find nothing") {
    SocketTable table;
    const uint32_t slot = table.Take(SocketKind::Connected, 10, 1.0);
    const Handle old_handle = table.HandleOf(slot);
    const uint64_t old_token = table.TokenOf(slot);
    REQUIRE(table.FindHandle(old_handle) != nullptr);
    REQUIRE(table.FindToken(old_token) != nullptr);
    table.Free(slot);
    CHECK(table.FindHandle(old_handle) == nullptr);
    CHECK(table.FindHandle(table.HandleOf(slot)) == nullptr);
    table.Recycle();
    REQUIRE(table.Take(SocketKind::Connected, 11, 2.0) == slot);
    CHECK(table.FindHandle(old_handle) == nullptr);
    CHECK(table.FindToken(old_token) == nullptr);
    CHECK(table.FindHandle(table.HandleOf(slot))->fd == 11);
}

TEST_CASE("a slot that is taken again starts from nothing") {
    SocketTable table;
    const uint32_t slot = table.Take(SocketKind::Connected, 10, 1.0);
    Slot& used = table.At(slot);
    used.received_bytes = used.sent_bytes = 7;
    used.last_send_at_ms = used.last_receive_at_ms = 3.0;
    used.wants_write = used.has_receive_ended = true;
    used.is_receiving = false;
    used.remote.kind = AddressKind::IPv4;
    table.Free(slot);
    table.Recycle();
    REQUIRE(table.Take(SocketKind::Connecting, 11, 2.0) == slot);
    const Slot& again = table.At(slot);
    CHECK(again.kind == SocketKind::Connecting);
    CHECK(again.received_bytes == 0);
    CHECK(again.sent_bytes == 0);
    CHECK(again.last_send_at_ms == 0);
    CHECK(again.last_receive_at_ms == 0);
    CHECK(again.created_at_ms == 2.0);
    CHECK_FALSE(again.wants_write);
    CHECK_FALSE(again.has_receive_ended);
    CHECK(again.is_receiving);
    CHECK(again.remote.kind == AddressKind::None);
}

TEST_CASE("a handle wraps after 1,024 lives of a slot, a token does not") {
    SocketTable table;
    std::set<Handle> handles;
    std::set<uint64_t> tokens;
    for (int life = 0; life < 1025; ++life) {
        const uint32_t slot = table.Take(SocketKind::Connected, 10, 1.0);
        REQUIRE(slot == 0);
        handles.insert(table.HandleOf(slot));
        tokens.insert(table.TokenOf(slot));
        REQUIRE(table.FindHandle(table.HandleOf(slot)) != nullptr);
        table.Free(slot);
        table.Recycle();
    }
    CHECK(handles.size() == 1024);
    CHECK(tokens.size() == 1025);
}

TEST_CASE("no number that was never given out names a socket") {
    SocketTable table;
    for (const Handle handle : {kNoHandle, Handle{0}, Handle{1}, INT32_MIN, INT32_MAX}) {
        CHECK(table.FindHandle(handle) == nullptr);
    }
    CHECK(table.FindToken(0) == nullptr);
    CHECK(table.FindToken(UINT64_MAX) == nullptr);
    table.Take(SocketKind::Connected, 10, 1.0);
    CHECK(table.FindHandle(kNoHandle) == nullptr);
    CHECK(table.FindHandle(1 << kSlotBits) == nullptr);
    CHECK(table.FindHandle(1) == nullptr);
}

TEST_CASE("a table is full with its last slot, and not before") {
    SocketTable table(3);
    for (int i = 0; i < 3; ++i) {
        CHECK_FALSE(table.IsFull());
        table.Take(SocketKind::Connected, 10, 1.0);
    }
    CHECK(table.IsFull());
    CHECK(table.OpenCount() == 3);
    table.Free(1);
    CHECK(table.IsFull());
    table.Recycle();
    CHECK_FALSE(table.IsFull());
    CHECK(table.Take(SocketKind::Connected, 10, 1.0) == 1);
    CHECK(table.IsFull());
}

TEST_CASE("the slot that would make a handle equal to kNoHandle is beyond the largest table") {
    CHECK(SocketTable::SlotOf(kNoHandle) == SocketTable::kMaxSlots);
}

TEST_CASE("an idle connection costs less than 100 bytes of table") { CHECK(sizeof(Slot) < 100); }

}  // namespace sockman::test
