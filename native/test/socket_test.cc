#include "core/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <fstream>

#include "support.h"

namespace sockman::test {

namespace {

int IntOption(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    REQUIRE(getsockopt(fd, level, name, &value, &length) == 0);
    return value;
}

bool WaitFor(int fd, short what) {
    pollfd ready{fd, what, 0};
    return poll(&ready, 1, kDeadlineMs) == 1;
}

/** A listener on loopback with options, made with this module alone. */
Peer Listener(const SocketOptions& options) {
    Peer listener(sys::OpenStream(AF_INET));
    REQUIRE(listener.Fd() >= 0);
    REQUIRE(sys::SetOptions(listener.Fd(), AF_INET, options) == 0);
    REQUIRE(sys::SetReuseAddress(listener.Fd()) == 0);
    REQUIRE(sys::Bind(listener.Fd(), IPv4("127.0.0.1", 0)) == 0);
    REQUIRE(sys::Listen(listener.Fd(), 16) == 0);
    return listener;
}

}  // namespace

TEST_CASE("a new socket neither blocks nor survives exec, dialed or accepted") {
    Peer listener = Listener({});
    Peer dialed(sys::OpenStream(AF_INET));
    REQUIRE(sys::Connect(dialed.Fd(), listener.Local()) == 0);
    REQUIRE(WaitFor(listener.Fd(), POLLIN));
    SocketAddress from;
    Peer accepted(sys::Accept(listener.Fd(), from));
    for (const int fd : {listener.Fd(), dialed.Fd(), accepted.Fd()}) {
        REQUIRE(fd >= 0);
        CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(Compact(from).port == Compact(dialed.Local()).port);
    CHECK(sys::Accept(listener.Fd(), from) == -EAGAIN);
    char byte;
    CHECK(sys::Receive(accepted.Fd(), &byte, 1) == -EAGAIN);
}

TEST_CASE("an accepted socket has the options of its listener where the engine counts on it") {
    const SocketOptions options{
        .no_delay = true, .keep_alive_seconds = 77, .receive_buffer_bytes = 50'000, .send_buffer_bytes = 40'000};
    Peer listener = Listener(options);
    Peer dialed = Peer::Dial(listener.Local());
    REQUIRE(WaitFor(listener.Fd(), POLLIN));
    SocketAddress from;
    Peer accepted(sys::Accept(listener.Fd(), from));
    if (!kAcceptInheritsOptions) REQUIRE(sys::SetOptions(accepted.Fd(), AF_INET, options) == 0);
    CHECK(IntOption(accepted.Fd(), IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(IntOption(accepted.Fd(), SOL_SOCKET, SO_KEEPALIVE) != 0);
#if defined(TCP_KEEPIDLE)
    CHECK(IntOption(accepted.Fd(), IPPROTO_TCP, TCP_KEEPIDLE) == 77);
#endif
    // Linux reports twice the requested size.
    CHECK(IntOption(accepted.Fd(), SOL_SOCKET, SO_RCVBUF) >= 50'000);
    CHECK(IntOption(accepted.Fd(), SOL_SOCKET, SO_RCVBUF) <= 100'000);
    CHECK(IntOption(accepted.Fd(), SOL_SOCKET, SO_SNDBUF) >= 40'000);
    CHECK(IntOption(accepted.Fd(), SOL_SOCKET, SO_SNDBUF) <= 80'000);
}

TEST_CASE("options that are off leave the socket as the system made it") {
    Peer socket(sys::OpenStream(AF_INET));
    REQUIRE(sys::SetOptions(socket.Fd(), AF_INET, {.no_delay = false}) == 0);
    CHECK(IntOption(socket.Fd(), IPPROTO_TCP, TCP_NODELAY) == 0);
    CHECK(IntOption(socket.Fd(), SOL_SOCKET, SO_KEEPALIVE) == 0);
}

TEST_CASE("a Unix-domain socket takes buffer sizes and no TCP options") {
    Peer socket(sys::OpenStream(AF_UNIX));
    CHECK(sys::SetOptions(socket.Fd(), AF_UNIX, {.keep_alive_seconds = 5, .send_buffer_bytes = 30'000}) == 0);
    CHECK(IntOption(socket.Fd(), SOL_SOCKET, SO_SNDBUF) >= 30'000);
}

TEST_CASE("refusals come back as negative errno") {
    CHECK(sys::OpenStream(-1) == -EAFNOSUPPORT);
    CHECK(sys::Close(-1) == -EBADF);
    CHECK(sys::Send(-1, "x", 1, false) == -EBADF);
    char byte;
    CHECK(sys::Receive(-1, &byte, 1) == -EBADF);
    CHECK(sys::TakeError(-1) == -EBADF);
    CHECK(sys::SetReuseAddress(-1) == -EBADF);
    Peer socket(sys::OpenStream(AF_INET));
    CHECK(sys::ShutdownSend(socket.Fd()) == -ENOTCONN);
    SocketAddress address;
    CHECK(sys::RemoteAddress(socket.Fd(), address) == -ENOTCONN);
}

TEST_CASE("a send to a peer that is gone is an error and no signal") {
    Peer listener = Listener({});
    Peer dialed = Peer::Dial(listener.Local());
    REQUIRE(WaitFor(listener.Fd(), POLLIN));
    SocketAddress from;
    Peer accepted(sys::Accept(listener.Fd(), from));
    dialed.Reset();
    REQUIRE(WaitFor(accepted.Fd(), POLLIN));
    CHECK(sys::Send(accepted.Fd(), "x", 1, false) == -ECONNRESET);
    CHECK(sys::Send(accepted.Fd(), "x", 1, false) == -EPIPE);
}

TEST_CASE("a refused connect leaves its error to be taken once") {
    Peer listener = Listener({});
    const SocketAddress nobody = listener.Local();
    listener.Close();
    Peer dialed(sys::OpenStream(AF_INET));
    REQUIRE(sys::Connect(dialed.Fd(), nobody) == 0);
    REQUIRE(WaitFor(dialed.Fd(), POLLOUT));
    CHECK(sys::TakeError(dialed.Fd()) == ECONNREFUSED);
    CHECK(sys::TakeError(dialed.Fd()) == 0);
}

TEST_CASE("the kernel's statistics tell how much the peer has not acknowledged") {
    Peer listener = Listener({});
    Peer dialed(sys::OpenStream(AF_INET));
    REQUIRE(sys::Connect(dialed.Fd(), listener.Local()) == 0);
    Peer accepted = listener.Accept();
    const std::string data(64 * 1024, 'd');
    ssize_t sent;
    do {
        sent = sys::Send(dialed.Fd(), data.data(), data.size(), false);
    } while (sent > 0);
    REQUIRE(sent == -EAGAIN);
    TcpInfo info;
    const int status = sys::GetTcpInfo(dialed.Fd(), info);
    if (status == -EOPNOTSUPP) return;
    REQUIRE(status == 0);
    CHECK(info.unsent_bytes > 0);
    CHECK(info.round_trip_ms > 0);
    CHECK(info.send_congestion_window_segments > 0);
    Peer unix_socket(sys::OpenStream(AF_UNIX));
    CHECK(sys::GetTcpInfo(unix_socket.Fd(), info) < 0);
}

TEST_CASE("a file is removed only while it is the same file") {
    TemporaryDirectory directory;
    const std::string path = directory.Path("file");
    const std::string other = directory.Path("other");
    std::ofstream(path) << "mine";
    std::ofstream(other) << "not mine";
    FileIdentity mine;
    FileIdentity not_mine;
    REQUIRE(sys::IdentifyFile(path.c_str(), mine) == 0);
    REQUIRE(sys::IdentifyFile(other.c_str(), not_mine) == 0);
    CHECK(sys::RemoveFile(path.c_str(), not_mine) == -EEXIST);
    CHECK(std::ifstream(path).good());
    CHECK(sys::RemoveFile(path.c_str(), mine) == 0);
    CHECK_FALSE(std::ifstream(path).good());
    CHECK(sys::RemoveFile(path.c_str(), mine) == -ENOENT);
}

TEST_CASE("the clocks agree to within a scheduler tick, and neither goes back") {
    const double exact = sys::MonotonicMs();
    const double coarse = sys::CoarseMonotonicMs();
    CHECK(coarse > exact - 20);
    CHECK(coarse < sys::MonotonicMs() + 20);
    CHECK(sys::MonotonicMs() >= exact);
    CHECK(sys::CoarseMonotonicMs() >= coarse);
}

TEST_CASE("every system call that can be refused has a name") {
    for (int call = 1; call <= static_cast<int>(Syscall::GetSockName); ++call) {
        CHECK(std::string_view(SyscallName(static_cast<Syscall>(call))) != "");
    }
    CHECK(std::string_view(SyscallName(Syscall::None)) == "");
}

}  // namespace sockman::test
