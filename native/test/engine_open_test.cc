// Opening sockets: listening, accepting, dialing.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>

#include "support.h"

namespace sockman::test {

namespace {

uint16_t PortOf(const SocketAddress& address) { return Compact(address).port; }

bool SameAddress(const SocketAddress& a, const SocketAddress& b) {
    const Address left = Compact(a);
    const Address right = Compact(b);
    return left.kind == right.kind && left.port == right.port && left.bytes == right.bytes;
}

std::set<int> InternetSockets() {
    std::set<int> sockets;
    for (int fd = 0; fd < 1024; ++fd) {
        SocketAddress address;
        if (sys::LocalAddress(fd, address) == 0 && address.Family() == AF_INET) sockets.insert(fd);
    }
    return sockets;
}

/** The one new socket since `before`. */
int NewSocket(const std::set<int>& before) {
    const std::set<int> now = InternetSockets();
    std::vector<int> added;
    std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(added));
    REQUIRE(added.size() == 1);
    return added[0];
}

int IntOption(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
    return value;
}

}  // namespace

TEST_CASE("an engine listens and dials over IPv4, IPv6 and Unix-domain sockets") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        const std::string path = directory.Path("socket");
        for (const SocketAddress& at : {IPv4("127.0.0.1", 0), IPv6("::1", 0), UnixPath(path)}) {
            World world(poller);
            const Handle listener = world.Listen(at);
            const SocketAddress bound = world.Local(listener);
            CHECK(bound.Family() == at.Family());
            if (at.Family() != AF_UNIX) CHECK(PortOf(bound) != 0);
            CHECK(world.Remote(listener).length == 0);

            const OpenResult dialed = world->Connect(bound, {});
            REQUIRE(dialed.failure.error == 0);
            std::set<int32_t> seen;
            Handle accepted = kNoHandle;
            while (seen.size() < 2) {
                const Record record = world.Await(kConnected | kAccepted);
                seen.insert(record.flags);
                if (record.flags == kConnected) {
                    CHECK(record.handle == dialed.handle);
                    CHECK(record.a == 0);
                } else {
                    CHECK(record.a == listener);
                    accepted = record.handle;
                }
            }
            CHECK(SameAddress(world.Remote(dialed.handle), bound));
            CHECK(SameAddress(world.Local(accepted), bound));
            if (at.Family() == AF_UNIX) {
                CHECK(std::string(world.Remote(dialed.handle).UnixPath()) == path);
                CHECK(std::string(world.Local(accepted).UnixPath()) == path);
                CHECK(world.Remote(accepted).length == 0);
            } else {
                CHECK(SameAddress(world.Remote(accepted), world.Local(dialed.handle)));
            }
            CHECK(world->Send(dialed.handle, "there", 5, false) == 5);
            CHECK(world.AwaitBytes(accepted, 5) == "there");
            CHECK(world->Send(accepted, "back", 4, false) == 4);
            CHECK(world.AwaitBytes(dialed.handle, 4) == "back");
            CHECK(world->SocketCount() == 3);
        }
    }
}

TEST_CASE("a refused bind says which call and why, and leaves nothing open") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        const size_t before = OpenInternetSocketCount();
        const OpenResult taken = world->Listen(world.Local(listener), {});
        CHECK(taken.handle == kNoHandle);
        CHECK(taken.failure.syscall == Syscall::Bind);
        CHECK(taken.failure.error == EADDRINUSE);
        // 192.0.2.0/24 is for documentation; no interface has it.
        const OpenResult foreign = world->Listen(IPv4("192.0.2.1", 0), {});
        CHECK(foreign.failure.syscall == Syscall::Bind);
        CHECK(foreign.failure.error == EADDRNOTAVAIL);
        const OpenResult nowhere = world->Listen(SocketAddress{}, {});
        CHECK(nowhere.failure.syscall == Syscall::Socket);
        CHECK(nowhere.handle == kNoHandle);
        CHECK(OpenInternetSocketCount() == before);
        CHECK(world->SocketCount() == 1);
    }
}

TEST_CASE("dual stack lets IPv4 in on an IPv6 address, and is off unless asked for") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const Handle six_only = world.Listen(IPv6("::", 0));
        const int fd = sys::OpenStream(AF_INET);
        REQUIRE(sys::Connect(fd, IPv4("127.0.0.1", PortOf(world.Local(six_only)))) <= 0);
        sys::Close(fd);
        CHECK(world.Settle().empty());

        const Handle both = world.Listen(IPv6("::", 0), {.dual_stack = true});
        Peer four = Peer::Dial(IPv4("127.0.0.1", PortOf(world.Local(both))));
        const Record record = world.Await(kAccepted);
        CHECK(SameAddress(world.Remote(record.handle), IPv6("::ffff:127.0.0.1", PortOf(four.Local()))));
    }
}

TEST_CASE("two engines share a port when both say so, and only then") {
    FOR_EACH_POLLER(poller) {
        World first(poller);
        World second(poller);
        const Handle listener = first.Listen(IPv4("127.0.0.1", 0), {.reuse_port = true});
        const SocketAddress at = first.Local(listener);
        CHECK(second->Listen(at, {}).failure.error == EADDRINUSE);
        CHECK(SameAddress(second.Local(second.Listen(at, {.reuse_port = true})), at));
    }
}

TEST_CASE("one batch accepts no more than it may from one listener") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.accept_batch = 3});
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        std::vector<Peer> peers;
        for (int i = 0; i < 8; ++i) peers.push_back(Peer::Dial(world.Local(listener)));
        std::set<Handle> handles;
        while (handles.size() < 8) {
            const std::vector<Record> records = world.Turn(kDeadlineMs);
            CHECK(records.size() <= 3);
            for (const Record& record : records) {
                CHECK(record.flags == kAccepted);
                CHECK(record.a == listener);
                CHECK(handles.insert(record.handle).second);
            }
        }
        CHECK(world.Turn().empty());
    }
}

TEST_CASE("a paused listener lets the kernel keep who comes, and a closed one refuses") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        const SocketAddress at = world.Local(listener);
        world->SetAccepting(listener, false);
        Peer waiting = Peer::Dial(at);
        CHECK(world.Settle().empty());
        world->SetAccepting(listener, true);
        CHECK(world.Await(kAccepted).a == listener);
        CHECK(world->Close(listener));
        Peer late(socket(AF_INET, SOCK_STREAM, 0));
        CHECK(connect(late.Fd(), at.Get(), at.length) == -1);
        CHECK(errno == ECONNREFUSED);
        // Accepted sockets do not depend on their listener.
        waiting.Send("x");
        CHECK(world.Await(kData).data == "x");
    }
}

TEST_CASE("out of descriptors, a listener pauses, says so once an episode, and goes on when told") {
    FOR_EACH_POLLER(poller) {
        if (!ClosesAtOnce(poller)) continue;
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        const SocketAddress at = world.Local(listener);
        std::vector<Peer> peers;
        for (int episode = 0; episode < 2; ++episode) {
            for (int i = 0; i < 2; ++i) peers.push_back(Peer::Dial(at));
            {
                DescriptorLimit one_left(1);
                CHECK(world.Await(-1).flags == kAccepted);
                const Record record = world.Await(-1);
                CHECK(record.handle == listener);
                CHECK(record.flags == kAcceptExhausted);
                CHECK(record.a == EMFILE);
                CHECK(world.Turn().empty());
                // Each failed attempt is reported again, and pauses again by itself.
                for (int attempt = 0; attempt < 3; ++attempt) {
                    world->SetAccepting(listener, true);
                    CHECK(world.Await(-1).flags == kAcceptExhausted);
                    CHECK(world.Turn().empty());
                }
            }
            CHECK(world.Turn().empty());
            world->SetAccepting(listener, true);
            CHECK(world.Await(-1).flags == kAccepted);
        }
    }
}

TEST_CASE("with no descriptor left, opening says EMFILE") {
    FOR_EACH_POLLER(poller) {
        if (!ClosesAtOnce(poller)) continue;
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        DescriptorLimit none_left(0);
        const OpenResult listening = world->Listen(IPv4("127.0.0.1", 0), {});
        CHECK(listening.failure.syscall == Syscall::Socket);
        CHECK(listening.failure.error == EMFILE);
        const OpenResult dialing = world->Connect(world.Local(listener), {});
        CHECK(dialing.failure.syscall == Syscall::Socket);
        CHECK(dialing.failure.error == EMFILE);
    }
}

TEST_CASE("a full table is like having no descriptor left, until a socket closes") {
    FOR_EACH_POLLER(poller) {
        World world(poller, {.max_sockets = 2});
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        const SocketAddress at = world.Local(listener);
        Peer first = Peer::Dial(at);
        const Handle accepted = world.Await(kAccepted).handle;
        Peer second = Peer::Dial(at);
        const Record record = world.Await(-1);
        CHECK(record.flags == kAcceptExhausted);
        CHECK(record.a == EMFILE);
        CHECK(world->Listen(IPv4("127.0.0.1", 0), {}).failure.error == EMFILE);
        CHECK(world->Connect(at, {}).failure.error == EMFILE);
        CHECK(world->Close(accepted));
        world->SetAccepting(listener, true);
        CHECK(world.Await(-1).flags == kAccepted);
    }
}

TEST_CASE("a refused connect is one CONNECTED with the errno, and the socket is closed by then") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        for (const SocketAddress& at : {IPv4("127.0.0.1", 0), IPv6("::1", 0)}) {
            const Handle listener = world.Listen(at);
            const SocketAddress nobody = world.Local(listener);
            world->Close(listener);
            const size_t before = OpenInternetSocketCount();
            const OpenResult dialed = world->Connect(nobody, {});
            REQUIRE(dialed.failure.error == 0);
            const Record record = world.Await(-1);
            CHECK(record.handle == dialed.handle);
            CHECK(record.flags == kConnected);
            CHECK(record.a == ECONNREFUSED);
            CHECK_FALSE(world->Close(dialed.handle));
            CHECK(OpenInternetSocketCount() == before);
            CHECK(world->SocketCount() == 0);
            CHECK(world.Turn().empty());
        }
    }
}

TEST_CASE("a dial that fails at once says which call and why") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        World world(poller);
        const size_t before = OpenInternetSocketCount();
        const OpenResult absent = world->Connect(UnixPath(directory.Path("absent")), {});
        CHECK(absent.failure.syscall == Syscall::Connect);
        CHECK(absent.failure.error == ENOENT);
        const OpenResult from_path = world->Connect(IPv4("127.0.0.1", 1), UnixPath(directory.Path("from")));
        CHECK(from_path.failure.syscall == Syscall::Bind);
        CHECK(from_path.failure.error == EAFNOSUPPORT);
        const OpenResult from_foreign = world->Connect(IPv4("127.0.0.1", 1), IPv4("192.0.2.1", 0));
        CHECK(from_foreign.failure.syscall == Syscall::Bind);
        CHECK(from_foreign.failure.error == EADDRNOTAVAIL);
        const OpenResult mixed = world->Connect(IPv4("127.0.0.1", 1), IPv6("::1", 0));
        CHECK(mixed.failure.syscall == Syscall::Bind);
        const OpenResult nowhere = world->Connect(SocketAddress{}, {});
        CHECK(nowhere.failure.syscall == Syscall::Socket);
        CHECK(OpenInternetSocketCount() == before);
        CHECK(world->SocketCount() == 0);
    }
}

TEST_CASE("a full queue of a Unix-domain listener is EAGAIN from connect") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        World world(poller);
        const Peer listener = Peer::ListenOn(UnixPath(directory.Path("socket")), 0);
        OpenResult result;
        for (int i = 0; i < 8 && result.failure.error == 0; ++i) result = world->Connect(listener.Local(), {});
#if defined(__linux__)
        CHECK(result.failure.syscall == Syscall::Connect);
        CHECK(result.failure.error == EAGAIN);
#endif
    }
}

TEST_CASE("a dial leaves from the address it was told") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        const std::set<int> before = InternetSockets();
        const OpenResult dialed = world->Connect(world.Local(listener), IPv4("127.0.0.2", 0));
#if defined(__linux__)  // Elsewhere only 127.0.0.1 is set up.
        REQUIRE(dialed.failure.error == 0);
        // The connect chooses the port: the ports are shared between destinations.
        CHECK(IntOption(NewSocket(before), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) != 0);
        const Handle accepted = world.Await(kAccepted).handle;
        CHECK(SameAddress(world.Remote(accepted), IPv4("127.0.0.2", PortOf(world.Remote(accepted)))));
        CHECK(SameAddress(world.Local(dialed.handle), world.Remote(accepted)));
#endif
    }
}

TEST_CASE("listeners, dialed and accepted sockets have the options that the engine was made with") {
    const SocketOptions options{
        .no_delay = true, .keep_alive_seconds = 77, .receive_buffer_bytes = 20'000, .send_buffer_bytes = 30'000};
    FOR_EACH_POLLER(poller) {
        World world(poller, {.socket = options});
        std::set<int> before = InternetSockets();
        const Handle listening = world.Listen(IPv4("127.0.0.1", 0));
        const int listener = NewSocket(before);
        CHECK(IntOption(listener, SOL_SOCKET, SO_REUSEADDR) != 0);

        Peer target = Peer::ListenOn(IPv4("127.0.0.1", 0));
        before = InternetSockets();
        REQUIRE(world->Connect(target.Local(), {}).failure.error == 0);
        const int dialed = NewSocket(before);

        Peer peer = Peer::Dial(world.Local(listening));
        before = InternetSockets();
        world.Await(kAccepted);
        const int accepted = NewSocket(before);

        for (const int fd : {dialed, accepted}) {
            CHECK(IntOption(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
            CHECK(IntOption(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
#if defined(TCP_KEEPIDLE)
            CHECK(IntOption(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 77);
#endif
            // Linux doubles the requested size, for its own use.
            CHECK(IntOption(fd, SOL_SOCKET, SO_RCVBUF) >= 20'000);
            CHECK(IntOption(fd, SOL_SOCKET, SO_RCVBUF) <= 40'000);
            CHECK(IntOption(fd, SOL_SOCKET, SO_SNDBUF) >= 30'000);
            CHECK(IntOption(fd, SOL_SOCKET, SO_SNDBUF) <= 60'000);
        }
    }
}

TEST_CASE("a dialed socket is as it was set while it connected") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
        const Handle paused = world->Connect(listener.Local(), {}).handle;
        REQUIRE(paused != kNoHandle);
        world->SetReceiving(paused, false);
        CHECK(world->Receive(paused, world.slab.data()) == -EAGAIN);
        CHECK(world->ShutdownSend(paused) == -ENOTCONN);
        // A send before the connect ends is a short one.
        CHECK(world->Send(paused, "early", 5, false) == 0);
        Peer accepted = listener.Accept();
        accepted.Send("hello");
        CHECK(world.Await(-1, paused).flags == kConnected);
        CHECK(world.Await(-1, paused).flags == kWritable);
        CHECK(world.Settle().empty());
        world->SetReceiving(paused, true);
        CHECK(world.AwaitBytes(paused, 5) == "hello");
    }
}

TEST_CASE("a socket closed while it connects is never heard of again") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
        const size_t before = OpenInternetSocketCount();
        const Handle closed = world->Connect(listener.Local(), {}).handle;
        const Handle reset = world->Connect(listener.Local(), {}).handle;
        CHECK(world->Close(closed));
        CHECK(world->Reset(reset));
        CHECK(OpenInternetSocketCount() == before);
        CHECK(world.Settle().empty());
    }
}

TEST_CASE("a listener removes the path it made, and no other file") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        const std::string path = directory.Path("socket");
        const auto exists = [&path] { return access(path.c_str(), F_OK) == 0; };
        World world(poller);
        const Handle listener = world.Listen(UnixPath(path));
        CHECK(exists());
        // In use: the attempt neither takes it over nor removes it.
        const OpenResult second = world->Listen(UnixPath(path), {});
        CHECK(second.failure.syscall == Syscall::Bind);
        CHECK(second.failure.error == EADDRINUSE);
        CHECK(exists());
        CHECK(world->Close(listener));
        CHECK_FALSE(exists());

        // A path that another process has taken over belongs to that one.
        const Handle robbed = world.Listen(UnixPath(path));
        REQUIRE(unlink(path.c_str()) == 0);
        { Peer robber = Peer::ListenOn(UnixPath(path)); }
        REQUIRE(exists());
        CHECK(world->Close(robbed));
        CHECK(exists());

        // For bind, the leftover of a dead process is in use.
        CHECK(world->Listen(UnixPath(path), {}).failure.error == EADDRINUSE);
        CHECK(exists());
    }
}

TEST_CASE("a destroyed engine holds no descriptor, its poller's included, and opens none") {
    FOR_EACH_POLLER(poller) {
        if (!ClosesAtOnce(poller)) continue;
        Peer peer = Peer::ListenOn(IPv4("127.0.0.1", 0));
        const size_t before = OpenDescriptorCount();
        World world(poller);
        const Handle listener = world.Listen(IPv4("127.0.0.1", 0));
        world->Destroy();
        world->Destroy();
        CHECK(OpenDescriptorCount() == before);
        CHECK(world->SocketCount() == 0);
        CHECK_FALSE(world->Close(listener));
        CHECK(world->Listen(IPv4("127.0.0.1", 0), {}).failure.error == EBADF);
        CHECK(world->Connect(peer.Local(), {}).failure.error == EBADF);
        CHECK(world.Turn().empty());
        CHECK(OpenDescriptorCount() == before);
    }
}

TEST_CASE("an engine that ends closes what it has and removes its paths") {
    FOR_EACH_POLLER(poller) {
        TemporaryDirectory directory;
        const std::string path = directory.Path("socket");
        const size_t before = OpenInternetSocketCount();
        {
            World world(poller);
            world.Listen(UnixPath(path));
            auto [accepted, peer] = world.Accepted();
            Peer listener = Peer::ListenOn(IPv4("127.0.0.1", 0));
            REQUIRE(world->Connect(listener.Local(), {}).failure.error == 0);
            CHECK(world->SocketCount() == 4);
        }
        CHECK(OpenInternetSocketCount() == before);
        CHECK(access(path.c_str(), F_OK) != 0);
    }
}

}  // namespace sockman::test
