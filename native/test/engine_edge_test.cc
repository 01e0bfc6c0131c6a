// Changes that an edge-triggered poller reports only once must not be lost. All pollers are tested.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "support.h"

namespace sockman::test {

namespace {

constexpr size_t kChunk = 10;

/** Sends a byte and, along with it, a descriptor. */
void SendWithDescriptor(int fd, char byte) {
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    REQUIRE(sendmsg(fd, &message, 0) == 1);
}

}  // namespace

TEST_CASE("what a full chunk left in the socket follows though nothing new arrives") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = kChunk});
        auto [handle, peer] = world.Accepted();
        peer.Send("0123456789abcdefghijABCDE");
        CHECK(world.Await(kData, handle).data == "0123456789");
        CHECK(world.Await(kData, handle).data == "abcdefghij");
        CHECK(world.Await(kData, handle).data == "ABCDE");
        CHECK_FALSE(world->IsStillReady());
        CHECK(world.Turn().empty());
        peer.Send("next");
        CHECK(world.AwaitBytes(handle, 4) == "next");
    }
}

TEST_CASE("a chunk that ends with what was sent is followed by nothing, and by what is sent later") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = kChunk});
        auto [handle, peer] = world.Accepted();
        for (int i = 0; i < 3; ++i) {
            peer.Send("0123456789");
            CHECK(world.AwaitBytes(handle, kChunk) == "0123456789");
            CHECK(world.Turn().empty());
            CHECK_FALSE(world->IsStillReady());
        }
    }
}

TEST_CASE("a pause that is taken back inside a batch loses nothing") {
    FOR_EACH_POLLER(poller) {
        for (const size_t left : {size_t{0}, size_t{1}, kChunk, kChunk + 1}) {
            World world(poller, {.receive_chunk_bytes = kChunk});
            auto [handle, peer] = world.Accepted();
            peer.Send(std::string(kChunk + left, 'x'));
            {
                OpenBatch batch(world);
                REQUIRE(batch.Count() == 1);
                world->SetReceiving(handle, false);
                peer.Send("y");
                world->SetReceiving(handle, true);
            }
            CHECK(world.AwaitBytes(handle, left + 1) == std::string(left, 'x') + "y");
        }
    }
}

TEST_CASE("a pause keeps what is there for later, whenever it begins and ends") {
    FOR_EACH_POLLER(poller) {
        for (const bool pauses_inside : {true, false}) {
            for (const bool resumes_inside : {true, false}) {
                World world(poller, {.receive_chunk_bytes = kChunk});
                auto [handle, peer] = world.Accepted();
                auto [other, waker] = world.Accepted();
                peer.Send("0123456789abc");
                {
                    OpenBatch batch(world);
                    REQUIRE(batch.Count() == 1);
                    if (pauses_inside) world->SetReceiving(handle, false);
                }
                world->SetReceiving(handle, false);
                for (const Record& record : world.Settle()) CHECK(record.handle != handle);
                CHECK_FALSE(world->IsStillReady());
                if (resumes_inside) {
                    waker.Send("!");
                    OpenBatch batch(world);
                    world->SetReceiving(handle, true);
                } else {
                    world->SetReceiving(handle, true);
                }
                CHECK(world.AwaitBytes(handle, 3) == "abc");
            }
        }
    }
}

TEST_CASE("the end behind bytes that fit one receive comes after them") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = kChunk});
        auto [handle, peer] = world.Accepted();
        peer.Send("last");
        peer.ShutdownSend();
        CHECK(world.AwaitBytes(handle, 4) == "last");
        CHECK(world.Await(kEof | kReadError, handle).flags == kEof);
        CHECK(world->Send(handle, "reply", 5, false) == 5);
        CHECK(peer.Receive(5) == "reply");
        CHECK(world.Turn().empty());
        CHECK_FALSE(world->IsStillReady());
    }
}

TEST_CASE("a reset behind bytes is told, after those that the system kept") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = kChunk});
        auto [handle, peer] = world.Accepted();
        peer.Send("last");
        peer.Reset();
        const Record end = world.Await(kReadError | kEof, handle);
        CHECK(end.flags == kReadError);
        CHECK(end.a == ECONNRESET);
        CHECK_FALSE(world->IsStillReady());
    }
}

TEST_CASE("urgent data, at which a receive stops short, holds nothing back") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.receive_chunk_bytes = 100});
        auto [handle, peer] = world.Accepted();
        peer.Send("before");
        REQUIRE(send(peer.Fd(), "!", 1, MSG_OOB) == 1);
        peer.Send("behind");
        CHECK(world.AwaitBytes(handle, 12) == "beforebehind");
        CHECK(world.Turn().empty());
        peer.Send("later");
        CHECK(world.AwaitBytes(handle, 5) == "later");
        CHECK_FALSE(world->IsStillReady());
    }
}

TEST_CASE("a descriptor sent along, at which a receive stops short, holds nothing back") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        World world(poller, {.receive_chunk_bytes = 100});
        const SocketAddress at = UnixPath(directory.Path("s"));
        world.Listen(at);
        Peer peer = Peer::Dial(at);
        const Handle handle = world.Await(kAccepted).handle;
        SendWithDescriptor(peer.Fd(), 'a');
        peer.Send("b");
        SendWithDescriptor(peer.Fd(), 'c');
        peer.Send("d");
        CHECK(world.AwaitBytes(handle, 4) == "abcd");
    }
}

TEST_CASE("a receive that was left to the sink, and that it did not make, is offered again") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        const size_t taken = FillSendBuffer(world, handle);
        peer.Send("question");
        // Bytes and room in one event, as a rule: then the receive is left to the sink.
        CHECK(peer.Receive(taken).size() == taken);
        Record record;
        std::string received;
        while (((record = world.Await(-1, handle)).flags & kWritable) == 0) received += record.data;
        if ((record.flags & kReadable) != 0) CHECK(world->IsStillReady() == (world->Descriptor() >= 0));
        if (received.empty()) received = world.AwaitBytes(handle, 8);
        CHECK(received == "question");
        CHECK_FALSE(world->IsStillReady());
    }
}

TEST_CASE("sockets with bytes left take turns with those that something new came for, however many there are") {
    FOR_EACH_POLLER(poller) {
        constexpr size_t kCount = kMaxEvents + 100;
        constexpr size_t kRounds = 3;
        World world(poller, {.receive_chunk_bytes = kChunk});
        std::map<Handle, size_t> received;
        std::vector<Peer> peers;
        for (size_t i = 0; i < kCount; ++i) {
            auto [handle, peer] = world.Accepted();
            received[handle] = 0;
            peers.push_back(std::move(peer));
        }
        for (Peer& peer : peers) peer.Send(std::string(kRounds * kChunk, 'x'));
        for (size_t total = 0; total < kCount * kRounds;) {
            const std::vector<Record> records = world.Turn(kDeadlineMs);
            REQUIRE_FALSE(records.empty());
            for (const Record& record : records) ++received[record.handle];
            total += records.size();
            // No connection has a third chunk before all have had their first.
            const auto [least, most] = std::minmax_element(received.begin(), received.end(),
                                                           [](auto& a, auto& b) { return a.second < b.second; });
            CHECK((least->second > 0 || most->second <= 2));
        }
        // The last chunks were full, so all sockets are looked at once more.
        while (world->HasMore() || world->IsStillReady()) CHECK(world.Turn().empty());
    }
}

TEST_CASE("a listener with more in its queue than one batch accepts goes on though nobody new comes") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.accept_batch = 1});
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        std::vector<Peer> peers;
        for (int i = 0; i < 5; ++i) peers.push_back(Peer::Dial(world.Local(listener)));
        for (int i = 0; i < 5; ++i) CHECK(world.Await(kAccepted).a == listener);
        CHECK(world.Turn().empty());
    }
}

TEST_CASE("room that was told once is told again after each short send") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        size_t taken = FillSendBuffer(world, handle);
        for (int round = 0; round < 3; ++round) {
            CHECK(peer.Receive(taken).size() == taken);
            for (taken = 0; taken == 0;) {
                OpenBatch batch(world);
                REQUIRE(batch.Count() > 0);
                // Inside the batch, so that the interest in room stays in the kernel.
                for (int i = 0; i < batch.Count(); ++i) {
                    if ((batch.FlagsAt(i) & kWritable) != 0) taken += FillSendBuffer(world, handle);
                }
            }
        }
    }
}

TEST_CASE("what was still ready when the poller failed is served afterwards") {
    FOR_EACH_POLLER(name) {
        auto owned = std::make_unique<TalkativePoller>(name);
        TalkativePoller& poller = *owned;
        World world(std::move(owned), nullptr, {.receive_chunk_bytes = kChunk});
        auto [handle, peer] = world.Accepted();
        peer.Send("0123456789rest");
        CHECK(world.AwaitBytes(handle, kChunk) == "0123456789");
        std::vector<int32_t> words(kMaxRecords * kRecordWords);
        poller.fails = true;
        CHECK(world->Gather(words.data(), world.slab.data(), 0) == -ENOMEM);
        poller.fails = false;
        CHECK(world.AwaitBytes(handle, 4) == "rest");
    }
}

}  // namespace sockman::test
