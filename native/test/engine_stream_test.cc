// Bytes through one connection: receiving, sending, half-close, reset, pause.

#include <cerrno>
#include <thread>

#include "support.h"

namespace sockman::test {

namespace {

/** Bytes that depend on their position, so that a lost, doubled or shifted one is detected. */
std::string Pattern(size_t bytes) {
    std::string pattern(bytes, '\0');
    uint32_t state = 1;
    for (char& byte : pattern) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return pattern;
}

}  // namespace

TEST_CASE("a message goes both ways, and the counters and times tell") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const double start = sys::MonotonicMs();
        auto [handle, peer] = world.Accepted();
        SocketCounters counters;
        REQUIRE(world->CountersOf(handle, counters));
        CHECK(counters.created_at_ms >= start);
        CHECK(counters.last_send_at_ms == 0);
        CHECK(counters.last_receive_at_ms == 0);

        peer.Send("ping");
        CHECK(world.AwaitBytes(handle, 4) == "ping");
        CHECK(world->Send(handle, "pongs", 5, false) == 5);
        CHECK(peer.Receive(5) == "pongs");
        REQUIRE(world->CountersOf(handle, counters));
        CHECK(counters.received_bytes == 4);
        CHECK(counters.sent_bytes == 5);
        CHECK(counters.last_receive_at_ms >= counters.created_at_ms);
        CHECK(counters.last_send_at_ms >= counters.last_receive_at_ms);
        CHECK(counters.last_send_at_ms <= sys::MonotonicMs());
    }
}

TEST_CASE("one receive takes a chunk at most, the rest follows in later batches") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = 1000});
        auto [handle, peer] = world.Accepted();
        const std::string sent = Pattern(2501);
        peer.Send(sent);
        std::string received;
        std::vector<int32_t> sizes;
        while (received.size() < sent.size()) {
            const Record record = world.Await(kData, handle);
            CHECK(record.b <= 1000);
            received += record.data;
        }
        CHECK(received == sent);
    }
}

TEST_CASE("EOF comes once, after all data, and sending goes on") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        peer.Send("last words");
        peer.ShutdownSend();
        std::string received;
        Record record;
        while ((record = world.Await(kData | kEof, handle)).flags == kData) received += record.data;
        CHECK(record.flags == kEof);
        CHECK(received == "last words");
        CHECK(world.Settle().empty());
        CHECK(world->Send(handle, "heard", 5, false) == 5);
        CHECK(peer.Receive(5) == "heard");
        // Asking for it brings no other.
        world->SetReceiving(handle, false);
        world->SetReceiving(handle, true);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a reset after EOF is news for sending alone") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        peer.ShutdownSend();
        world.Await(kEof, handle);
        FillSendBuffer(world, handle);
        peer.Reset();
        CHECK(world.Await(-1, handle).flags == kWritable);
        CHECK(world.Settle().empty());
        CHECK(world->Send(handle, "x", 1, false) < 0);
    }
}

TEST_CASE("our half-close ends what the peer receives, not what it sends") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        CHECK(world->Send(handle, "bye", 3, false) == 3);
        CHECK(world->ShutdownSend(handle) == 0);
        CHECK(peer.Receive(10) == "bye");
        CHECK(world->Send(handle, "x", 1, false) == -EPIPE);
        peer.Send("still here");
        CHECK(world.AwaitBytes(handle, 10) == "still here");
        peer.Close();
        CHECK(world.Await(kEof | kReadError, handle).flags == kEof);
        // Both halves are closed: a lasting hang-up outside the interest.
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a reset by the peer is a read error once, and a send error from then on") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        peer.Reset();
        const Record record = world.Await(kReadError | kEof | kData, handle);
        CHECK(record.flags == kReadError);
        CHECK(record.a == ECONNRESET);
        CHECK(world.Settle().empty());
        CHECK(world->Send(handle, "x", 1, false) == -EPIPE);
    }
}

TEST_CASE("our reset is a reset for the peer") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        CHECK(world->Reset(handle));
        CHECK(peer.ReceiveStatus() == -ECONNRESET);
        CHECK_FALSE(world->Reset(handle));
    }
}

TEST_CASE("our close lets the peer have what the kernel took") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        const size_t sent = FillSendBuffer(world, handle);
        CHECK(world->Close(handle));
        CHECK(peer.Receive(sent + 1).size() == sent);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a short send is followed by exactly one WRITABLE when there is room") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        CHECK(world->Send(handle, "whole", 5, false) == 5);
        CHECK(world.Settle().empty());
        const size_t taken = 5 + FillSendBuffer(world, handle);
        CHECK(world.Settle().empty());
        CHECK(peer.Receive(taken).size() == taken);
        CHECK(world.Await(-1, handle).flags == kWritable);
        CHECK(world.Settle().empty());
        // A complete send arms nothing.
        CHECK(world->Send(handle, "whole", 5, false) == 5);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a send that fails after a short one still leaves the engine quiet") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        FillSendBuffer(world, handle);
        peer.Reset();
        CHECK(world.Await(-1, handle).flags == (kWritable | kReadable));
        CHECK(world->Receive(handle, world.slab.data()) == -ECONNRESET);
        CHECK(world->Send(handle, "x", 1, false) == -EPIPE);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("WRITABLE joined with something to receive leaves the receiving to the sink") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        const size_t taken = FillSendBuffer(world, handle);
        peer.Send("question");
        CHECK(world.AwaitBytes(handle, 8) == "question");
        peer.Send("and another");
        CHECK(peer.Receive(taken).size() == taken);
        Record record;
        std::string received;
        // The bytes may arrive before the room.
        while (((record = world.Await(-1, handle)).flags & kWritable) == 0) received += record.data;
        if (received.empty() && record.flags == kWritable) received = world.AwaitBytes(handle, 11);
        if ((record.flags & kReadable) != 0) {
            const ssize_t count = world->Receive(handle, world.slab.data());
            REQUIRE(count == 11);
            received.assign(reinterpret_cast<const char*>(world.slab.data()) + world->DeferredOffset(), 11);
            CHECK(world->Receive(handle, world.slab.data()) == -EAGAIN);
        }
        CHECK(received == "and another");
    }
}

TEST_CASE("armed again within the batch costs no change of interest, the last WRITABLE disarms") {
    FOR_EACH_POLLER(name) {
        auto owned = std::make_unique<TalkativePoller>(name);
        TalkativePoller& poller = *owned;
        World world(std::move(owned));
        auto [handle, peer] = world.Accepted();
        const std::string data = Pattern(16 * 1024 * 1024);
        size_t sent = static_cast<size_t>(world->Send(handle, data.data(), data.size(), false));
        REQUIRE(sent < data.size());
        poller.changes.clear();
        std::vector<int32_t> records(kMaxRecords * kRecordWords);
        std::string received;
        std::thread reader([&peer = peer, &received, bytes = data.size()] { received = peer.Receive(bytes); });
        int short_sends = 0;
        while (sent < data.size()) {
            const int count = world->Gather(records.data(), world.slab.data(), kDeadlineMs);
            for (int i = 0; i < count; ++i) {
                REQUIRE(records[static_cast<size_t>(i * kRecordWords + 1)] == kWritable);
                sent += static_cast<size_t>(world->Send(handle, data.data() + sent, data.size() - sent, false));
                short_sends += sent < data.size() ? 1 : 0;
            }
            if (sent < data.size()) CHECK(poller.changes.empty());
            world->FinishBatch();
        }
        reader.join();
        CHECK(received == data);
        CHECK(short_sends > 0);
        REQUIRE(poller.changes.size() == 1);
        CHECK((poller.changes[0] & ~kInterestEdge) == kInterestRead);
        SocketCounters counters;
        REQUIRE(world->CountersOf(handle, counters));
        CHECK(counters.sent_bytes == data.size());
    }
}

TEST_CASE("a large transfer through small chunks arrives byte for byte") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = 4096});
        auto [handle, peer] = world.Accepted();
        const std::string data = Pattern(4 * 1024 * 1024);
        std::thread writer([&peer = peer, &data] {
            peer.Send(data);
            peer.ShutdownSend();
        });
        std::string received;
        Record record;
        while ((record = world.Await(kData | kEof | kReadError, handle)).flags == kData) received += record.data;
        writer.join();
        CHECK(record.flags == kEof);
        CHECK(received == data);
    }
}

TEST_CASE("a paused socket reports nothing, hang-up included, and tells all when it resumes") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        auto [doomed, resetter] = world.Accepted();
        world->SetReceiving(handle, false);
        world->SetReceiving(doomed, false);
        peer.Send("kept");
        peer.Close();
        resetter.Reset();
        CHECK(world.Settle().empty());
        world->SetReceiving(handle, true);
        world->SetReceiving(doomed, true);
        CHECK(world.AwaitBytes(handle, 4) == "kept");
        CHECK(world.Await(-1, handle).flags == kEof);
        world->Close(handle);
        // The wait above may have seen the reset already.
        CHECK(world->Send(doomed, "x", 1, false) < 0);
    }
}

TEST_CASE("a resting socket reports nothing in either direction, and tells all afterwards") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [receiver, talker] = world.Accepted();
        auto [sender, reader] = world.Accepted();
        const size_t sent = FillSendBuffer(world, sender);
        for (const Handle handle : {receiver, sender}) world->SetResting(handle, true);
        talker.Send("kept");
        reader.Receive(sent);
        CHECK(world.Settle().empty());
        // Changes of interest in between make no difference.
        world->SetReceiving(receiver, false);
        world->SetReceiving(receiver, true);
        CHECK(world.Settle().empty());
        world->SetResting(receiver, false);
        CHECK(world.AwaitBytes(receiver, 4) == "kept");
        world->SetResting(sender, false);
        world.Await(kWritable, sender);
        world->SetResting(receiver, true);
        CHECK(world->Close(receiver));
        world->SetResting(receiver, false);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a pause that is taken back within the batch costs no change of interest") {
    FOR_EACH_POLLER(name) {
        auto owned = std::make_unique<TalkativePoller>(name);
        TalkativePoller& poller = *owned;
        World world(std::move(owned));
        auto [handle, peer] = world.Accepted();
        peer.Send("x");
        std::vector<int32_t> records(kMaxRecords * kRecordWords);
        REQUIRE(world->Gather(records.data(), world.slab.data(), kDeadlineMs) == 1);
        poller.changes.clear();
        world->SetReceiving(handle, false);
        world->SetReceiving(handle, true);
        world->FinishBatch();
        CHECK(poller.changes.empty());
        world->SetReceiving(handle, false);
        CHECK(poller.changes.size() == 1);
        world->SetReceiving(handle, false);
        CHECK(poller.changes.size() == 1);
    }
}

TEST_CASE("one buffer goes to many, and each result stands at its place") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [first, first_peer] = world.Accepted();
        auto [closed, closed_peer] = world.Accepted();
        // Over TCP there may be room again at once: the kernel moves bytes into the peer's buffer.
        TemporaryDirectory directory;
        Peer listener = Peer::ListenOn(UnixPath(directory.Path("socket")));
        const Handle full = world->Connect(listener.Local(), {}).handle;
        CHECK(world.Await(-1, full).flags == kConnected);
        Peer full_peer = listener.Accept();
        auto [half_closed, half_closed_peer] = world.Accepted();
        world->Close(closed);
        FillSendBuffer(world, full);
        world->ShutdownSend(half_closed);
        const Handle handles[] = {first, closed, full, half_closed, kNoHandle, first};
        int32_t results[] = {99, 99, 99, 99, 99, 99};
        world->SendMany(handles, 6, "news", 4, false, results);
        CHECK(results[0] == 4);
        CHECK(results[1] == 0);
        CHECK(results[2] == 0);
        CHECK(results[3] == -EPIPE);
        CHECK(results[4] == 0);
        CHECK(results[5] == 4);
        CHECK(first_peer.Receive(8) == "newsnews");
    }
}

TEST_CASE("what will be followed by more is held back and sent with it") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        CHECK(world->Send(handle, "head", 4, true) == 4);
        CHECK(world->Send(handle, "tail", 4, false) == 4);
        CHECK(peer.Receive(8) == "headtail");
    }
}

TEST_CASE("sending nothing gives nothing and arms nothing") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        CHECK(world->Send(handle, nullptr, 0, false) == 0);
        FillSendBuffer(world, handle);
        CHECK(world->Send(handle, nullptr, 0, false) == 0);
        world->ShutdownSend(handle);
        CHECK(world->Send(handle, nullptr, 0, false) == 0);
    }
}

TEST_CASE("the kernel's statistics are there for TCP and not for anything else") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        TcpInfo info;
#if defined(__linux__) || defined(__APPLE__) || defined(__FreeBSD__)
        CHECK(world->TcpInfoOf(handle, info));
#endif
        CHECK_FALSE(world->TcpInfoOf(kNoHandle, info));
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        CHECK_FALSE(world->TcpInfoOf(listener, info));
    }
}

TEST_CASE("a reset that a send was told of is no orderly end to the receive behind it") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        peer.Reset();
        CHECK(world->Send(handle, "x", 1, false) == -ECONNRESET);
        const Record end = world.Await(kEof | kReadError, handle);
        CHECK(end.flags == kReadError);
        CHECK(end.a == ECONNRESET);
    }
}

}  // namespace sockman::test
