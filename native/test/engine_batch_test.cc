// Rules within a batch and between batches: room, order, invalidated names, and a poller that refuses.

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "support.h"

namespace sockman::test {

namespace {

struct Connections {
    std::vector<Handle> handles;
    std::vector<Peer> peers;
};

Connections AcceptMany(World& world, size_t count) {
    Connections all;
    for (size_t i = 0; i < count; ++i) {
        auto [handle, peer] = world.Accepted();
        all.handles.push_back(handle);
        all.peers.push_back(std::move(peer));
    }
    return all;
}

}  // namespace

TEST_CASE("receives fill two chunks at most, the other sockets follow in the next batch without a wait") {
    FOR_EACH_POLLER(poller) {
        constexpr size_t kChunk = 100;
        World world(poller, {.receive_chunk_bytes = kChunk});
        Connections all = AcceptMany(world, 7);
        for (Peer& peer : all.peers) peer.Send(std::string(kChunk, 'c'));
        std::map<Handle, int> seen;
        // 0, 100 bytes used: one more fits; 200: none.
        for (const size_t expected : {2U, 2U, 2U, 1U}) {
            const std::vector<Record> records = world.Turn(kDeadlineMs);
            CHECK(records.size() == expected);
            for (const Record& record : records) {
                CHECK(record.data == std::string(kChunk, 'c'));
                ++seen[record.handle];
            }
            CHECK(world->HasMore() == (expected == 2));
        }
        CHECK(seen.size() == all.handles.size());
        CHECK(world.Turn().empty());
    }
}

TEST_CASE("small receives share one batch, each with its bytes where the record says") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = 100});
        Connections all = AcceptMany(world, 20);
        for (size_t i = 0; i < all.peers.size(); ++i) all.peers[i].Send(std::string(5, static_cast<char>('a' + i)));
        const std::vector<Record> records = world.Turn(kDeadlineMs);
        REQUIRE(records.size() == 20);
        int32_t offset = 0;
        for (const Record& record : records) {
            CHECK(record.a == offset);
            offset += record.b;
            const auto at = std::find(all.handles.begin(), all.handles.end(), record.handle);
            REQUIRE(at != all.handles.end());
            CHECK(record.data == std::string(5, static_cast<char>('a' + (at - all.handles.begin()))));
        }
        CHECK_FALSE(world->HasMore());
    }
}

TEST_CASE("more ready sockets than one batch or wait gives are all served, each once before any twice") {
    FOR_EACH_POLLER(poller) {
        constexpr size_t kCount = kMaxEvents + 150;
        World world(poller);
        Connections all = AcceptMany(world, kCount);
        for (Peer& peer : all.peers) peer.Send("x");
        std::map<Handle, int> seen;
        while (seen.size() < kCount) {
            const std::vector<Record> records = world.Turn(kDeadlineMs);
            REQUIRE_FALSE(records.empty());
            CHECK(records.size() <= kBatchEvents);
            for (const Record& record : records) CHECK(++seen[record.handle] == 1);
        }
        CHECK(world.Turn().empty());
    }
}

TEST_CASE("accepting comes last in a batch and has room beside everyone else") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        Connections all = AcceptMany(world, 50);
        Peer newcomer = Peer::Dial(world.Local(listener));
        for (Peer& peer : all.peers) peer.Send("x");
        const std::vector<Record> records = world.Turn(kDeadlineMs);
        REQUIRE(records.size() == 51);
        CHECK(records.back().flags == kAccepted);
        CHECK(records.back().a == listener);
    }
}

TEST_CASE("a listener that is paused after its event was fetched accepts nobody") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = 10});
        Connections all = AcceptMany(world, 5);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        Peer waiting = Peer::Dial(world.Local(listener));
        for (Peer& peer : all.peers) peer.Send(std::string(10, 'x'));
        {
            OpenBatch batch(world);
            REQUIRE(batch.Count() == 2);
            REQUIRE(world->HasMore());
            world->SetAccepting(listener, false);
        }
        for (const Record& record : world.Settle()) CHECK(record.flags == kData);
        world->SetAccepting(listener, true);
        CHECK(world.Await(kAccepted).a == listener);
    }
}

TEST_CASE("an event that was fetched before its socket closed is dropped, though slot and number live again") {
    FOR_EACH_POLLER(poller) {
        constexpr size_t kChunk = 10;
        World world(poller, {.receive_chunk_bytes = kChunk});
        Connections all = AcceptMany(world, 6);
        for (Peer& peer : all.peers) peer.Send(std::string(kChunk, 'x'));
        std::set<Handle> open(all.handles.begin(), all.handles.end());
        {
            OpenBatch batch(world);
            REQUIRE(batch.Count() == 2);
            for (int i = 0; i < 2; ++i) open.erase(batch.HandleAt(i));
        }
        REQUIRE(world->HasMore());
        // Four events are still to be reported. Three of their sockets are closed; new ones get the numbers at once.
        Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
        std::vector<Handle> closed(open.begin(), std::next(open.begin(), 3));
        for (const Handle handle : closed) {
            CHECK(world->Close(handle));
            open.erase(handle);
        }
        std::set<Handle> dialed;
        for (int i = 0; i < 3; ++i) dialed.insert(world->Connect(listener.Local(), {}).handle);
        CHECK(std::set<uint32_t>{SocketTable::SlotOf(closed[0]), SocketTable::SlotOf(closed[1]),
                                 SocketTable::SlotOf(closed[2])} == [&dialed] {
            std::set<uint32_t> slots;
            for (const Handle handle : dialed) slots.insert(SocketTable::SlotOf(handle));
            return slots;
        }());
        const std::vector<Record> records = world.Turn();
        REQUIRE(records.size() == 1);
        CHECK(records[0].handle == *open.begin());
        CHECK(records[0].flags == kData);
        for (size_t i = 0; i < 3; ++i) CHECK(dialed.erase(world.Await(kConnected).handle) == 1);
    }
}

TEST_CASE("a slot that is freed inside a batch is given out after it, not before") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        Connections all = AcceptMany(world, 3);
        for (Peer& peer : all.peers) peer.Send("x");
        Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
        std::set<uint32_t> closed;
        {
            OpenBatch batch(world);
            REQUIRE(batch.Count() == 3);
            for (int i = 0; i < 3; ++i) {
                closed.insert(SocketTable::SlotOf(batch.HandleAt(i)));
                CHECK(world->Close(batch.HandleAt(i)));
                const OpenResult inside = world->Connect(listener.Local(), {});
                CHECK(closed.count(SocketTable::SlotOf(inside.handle)) == 0);
            }
        }
        const OpenResult after = world->Connect(listener.Local(), {});
        CHECK(closed.count(SocketTable::SlotOf(after.handle)) == 1);
    }
}

TEST_CASE("a socket may be made, changed and closed within one batch") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
        const size_t before = OpenInternetSocketCount();
        peer.Send("x");
        {
            OpenBatch batch(world);
            const Handle dialed = world->Connect(listener.Local(), {}).handle;
            world->SetReceiving(dialed, false);
            world->SetReceiving(handle, false);
            const Handle listening = world->Listen(IPv4("127.0.0.1", 0), {}).handle;
            world->SetAccepting(listening, false);
            CHECK(world->Close(dialed));
            CHECK(world->Reset(listening));
        }
        CHECK(OpenInternetSocketCount() == before);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("everything may be closed inside a batch, and the engine goes on") {
    FOR_EACH_POLLER(poller) {
        const size_t before = OpenInternetSocketCount();
        {
            World world(poller, {.receive_chunk_bytes = 10});
            Connections all = AcceptMany(world, 5);
            for (Peer& peer : all.peers) peer.Send(std::string(10, 'x'));
            {
                OpenBatch batch(world);
                REQUIRE(batch.Count() == 2);
                world->CloseAll();
                CHECK(world->SocketCount() == 0);
                world->CloseAll();
            }
            CHECK(world.Turn().empty());
            const Handle again = world.Listen(IPv4("127.0.0.1", 0));
            Peer peer = Peer::Dial(world.Local(again));
            CHECK(world.Await(kAccepted).a == again);
        }
        CHECK(OpenInternetSocketCount() == before);
    }
}

TEST_CASE("an engine may be destroyed inside a batch, with events that wait for the next") {
    FOR_EACH_POLLER(poller) {
        const size_t before = OpenInternetSocketCount();
        World world(poller, {.receive_chunk_bytes = 10});
        Connections all = AcceptMany(world, 5);
        for (Peer& peer : all.peers) peer.Send(std::string(10, 'x'));
        {
            OpenBatch batch(world);
            REQUIRE(batch.Count() == 2);
            CHECK(world->HasMore());
            world->Destroy();
            CHECK_FALSE(world->HasMore());
        }
        CHECK(world.Turn().empty());
        CHECK(OpenInternetSocketCount() == before + all.peers.size());
    }
}

TEST_CASE("no method takes a number that names nothing amiss") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [closed, peer] = world.Accepted();
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        world->Close(closed);
        uint8_t packed[kMaxPackedBytes];
        SocketCounters counters;
        for (const Handle handle : {closed, kNoHandle, Handle{0x3fffff}, INT32_MIN, INT32_MAX}) {
            CHECK(world->Send(handle, "x", 1, false) == 0);
            CHECK(world->Receive(handle, world.slab.data()) == -EBADF);
            CHECK(world->ShutdownSend(handle) == -EBADF);
            CHECK_FALSE(world->Close(handle));
            CHECK_FALSE(world->Reset(handle));
            CHECK(world->AddressOf(handle, End::Local, packed) == 0);
            CHECK_FALSE(world->CountersOf(handle, counters));
            world->SetReceiving(handle, false);
            world->SetAccepting(handle, false);
        }
        // A listener is not a connection, nor the reverse.
        CHECK(world->Send(listener, "x", 1, false) == 0);
        CHECK(world->Receive(listener, world.slab.data()) == -EAGAIN);
        CHECK(world->ShutdownSend(listener) == -ENOTCONN);
        world->SetReceiving(listener, false);
        Peer waiting = Peer::Dial(world.Local(listener));
        const Handle accepted = world.Await(kAccepted).handle;
        world->SetAccepting(accepted, false);
        waiting.Send("x");
        CHECK(world.AwaitBytes(accepted, 1) == "x");
    }
}

TEST_CASE("a batch with nothing to tell waits as long as it may and no longer") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const double start = sys::MonotonicMs();
        CHECK(world.Turn(0).empty());
        CHECK(world.Turn(20).empty());
        CHECK(sys::MonotonicMs() - start >= 19);
        CHECK_FALSE(world->HasMore());
    }
}

TEST_CASE("a connection whose interest the poller refuses ends with a read error, not in silence") {
    FOR_EACH_POLLER(name) {
        auto owned = std::make_unique<TalkativePoller>(name);
        TalkativePoller& poller = *owned;
        World world(std::move(owned));
        auto [handle, peer] = world.Accepted();
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        world->SetReceiving(handle, false);
        world->SetAccepting(listener, false);
        poller.refuses = true;
        world->SetReceiving(handle, true);
        world->SetAccepting(listener, true);
        CHECK(world->HasMore());
        std::map<Handle, Record> records;
        for (Record& record : world.Turn()) records.emplace(record.handle, record);
        REQUIRE(records.size() == 2);
        CHECK(records.at(handle).flags == kReadError);
        CHECK(records.at(handle).a == ENOSPC);
        CHECK(records.at(listener).flags == kAcceptExhausted);
        CHECK(records.at(listener).a == ENOSPC);
        CHECK_FALSE(world->HasMore());

        const OpenResult refused = world->Listen(IPv4("127.0.0.1", 0), {});
        CHECK(refused.failure.syscall == Syscall::PollerAdd);
        CHECK(refused.failure.error == ENOSPC);
        const OpenResult not_dialed = world->Connect(world.Local(listener), {});
        CHECK(not_dialed.failure.syscall == Syscall::PollerAdd);
        CHECK(world->SocketCount() == 3);

        // A listener tries again when told, and a socket that cannot be watched is refused.
        poller.refuses = false;
        world->SetAccepting(listener, true);
        Peer newcomer = Peer::Dial(world.Local(listener));
        poller.refuses = true;
        CHECK(world.Turn(kDeadlineMs).empty());
        CHECK(world->DroppedAcceptCount() >= 1);
        CHECK(newcomer.ReceiveStatus() == 0);
    }
}

TEST_CASE("the observer hears of interest where the poller has no descriptor, the end of it before the close") {
    class Log final : public InterestObserver {
    public:
        void OnInterest(int fd, uint32_t interest) override {
            CHECK(fcntl(fd, F_GETFD) >= 0);
            heard.push_back(interest);
        }
        std::vector<uint32_t> heard;
    };
    FOR_EACH_POLLER(name) {
        Log log;
        auto owned = std::make_unique<TalkativePoller>(name);
        TalkativePoller& poller = *owned;
        World world(std::move(owned), &log);
        auto [handle, peer] = world.Accepted();
        world->SetReceiving(handle, false);
        world->SetReceiving(handle, true);
        world->Close(handle);
        world->CloseAll();
        if (poller.Descriptor() < 0) {
            CHECK(log.heard == poller.changes);
            CHECK(log.heard.size() == 6);
        } else {
            CHECK(log.heard.empty());
        }
    }
}

}  // namespace sockman::test
