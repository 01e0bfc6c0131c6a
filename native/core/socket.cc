#include "core/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>
#include <iterator>

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/sockios.h>
#include <sys/syscall.h>
#elif !defined(__APPLE__)
#include <sys/filio.h>
#endif

namespace sockman {

const char* SyscallName(Syscall call) {
    switch (call) {
        case Syscall::None:
            return "";
        case Syscall::Socket:
            return "socket";
        case Syscall::SetSockOpt:
            return "setsockopt";
        case Syscall::Bind:
            return "bind";
        case Syscall::Listen:
            return "listen";
        case Syscall::Connect:
            return "connect";
        case Syscall::Stat:
            return "stat";
        case Syscall::PollerCreate:
            return "poller_create";
        case Syscall::PollerAdd:
            return "poller_add";
        case Syscall::GetSockName:
            return "getsockname";
    }
    return "";
}

namespace sys {

namespace {

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // SO_NOSIGPIPE is set on every socket instead.
#endif

#if defined(MSG_MORE)
constexpr int kSendMoreFlag = MSG_MORE;
#else
constexpr int kSendMoreFlag = 0;
#endif

/** Repeats the call while signals interrupt it. */
template <typename Call>
auto Retry(Call call) -> decltype(call()) {
    decltype(call()) result;
    do {
        result = call();
    } while (result < 0 && errno == EINTR);
    return result < 0 ? static_cast<decltype(result)>(-errno) : result;
}

int Status(int result) { return result < 0 ? -errno : 0; }

int SetIntOption(int fd, int level, int name, int value) {
    return Status(setsockopt(fd, level, name, &value, sizeof value));
}

/** Settings of a new socket's descriptor that `socket` and `accept` cannot make here. */
[[maybe_unused]] int Prepare(int fd) {
    int status = Status(fcntl(fd, F_SETFD, FD_CLOEXEC));
    if (status == 0) status = Status(fcntl(fd, F_SETFL, O_NONBLOCK));
#if defined(SO_NOSIGPIPE)
    if (status == 0) status = SetIntOption(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    if (status == 0) return fd;
    Close(fd);
    return status;
}

// The C library's functions are cancellation points of threads, which costs each call two atomic operations in a process
// with threads. Threads are not cancelled here, so the system call is made directly.
ssize_t PlainSend(int fd, const void* data, size_t bytes, int flags) {
#if defined(__linux__)
    return syscall(SYS_sendto, fd, data, bytes, flags, nullptr, 0);
#else
    return send(fd, data, bytes, flags);
#endif
}

ssize_t PlainReceive(int fd, void* to, size_t max_bytes) {
#if defined(__linux__)
    return syscall(SYS_recvfrom, fd, to, max_bytes, 0, nullptr, nullptr);
#else
    return recv(fd, to, max_bytes, 0);
#endif
}

double ClockMs(clockid_t clock) {
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

int OpenStream(int family) {
#if defined(SOCK_NONBLOCK)
    return Retry([&] { return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
#else
    const int fd = Retry([&] { return socket(family, SOCK_STREAM, 0); });
    return fd < 0 ? fd : Prepare(fd);
#endif
}

int Close(int fd) {
    // Not repeated after an interruption: the descriptor is already closed, and its number may belong to another file by
    // now.
    return Status(close(fd));
}

int SetOptions(int fd, int family, const SocketOptions& options) {
    int status = 0;
    if (options.receive_buffer_bytes > 0) {
        status = SetIntOption(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
    }
    if (status == 0 && options.send_buffer_bytes > 0) {
        status = SetIntOption(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
    }
    if (family == AF_UNIX) return status;
    if (status == 0 && options.no_delay) status = SetIntOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (status == 0 && options.keep_alive_seconds > 0) {
        status = SetIntOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE)
        if (status == 0) status = SetIntOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, options.keep_alive_seconds);
#elif defined(TCP_KEEPALIVE)
        if (status == 0) status = SetIntOption(fd, IPPROTO_TCP, TCP_KEEPALIVE, options.keep_alive_seconds);
#endif
    }
    return status;
}

int SetReuseAddress(int fd) { return SetIntOption(fd, SOL_SOCKET, SO_REUSEADDR, 1); }

int SetReusePort(int fd) {
    // On FreeBSD only the second option spreads connections over the listeners, as the first does elsewhere.
#if defined(SO_REUSEPORT_LB)
    return SetIntOption(fd, SOL_SOCKET, SO_REUSEPORT_LB, 1);
#else
    return SetIntOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
#endif
}

int SetIpv6Only(int fd, bool on) { return SetIntOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, on ? 1 : 0); }

int SetBindAddressNoPort([[maybe_unused]] int fd) {
#if defined(IP_BIND_ADDRESS_NO_PORT)
    return SetIntOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
#else
    return 0;
#endif
}

int SetResetOnClose(int fd) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    return Status(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

int Bind(int fd, const SocketAddress& at) { return Status(bind(fd, at.Get(), at.length)); }

int Listen(int fd, int backlog) { return Status(listen(fd, backlog)); }

int Connect(int fd, const SocketAddress& to) {
    const int status = Status(connect(fd, to.Get(), to.length));
    // An interrupted connect goes on in the background like one in progress.
    return status == -EINPROGRESS || status == -EINTR ? 0 : status;
}

int Accept(int listener, SocketAddress& from) {
    return Retry([&] {
        from.length = sizeof from.storage;
#if defined(SOCK_NONBLOCK)
        return accept4(listener, from.Get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
        const int fd = accept(listener, from.Get(), &from.length);
        if (fd < 0) return fd;
        const int status = Prepare(fd);
        if (status < 0) errno = -status;
        return status < 0 ? -1 : fd;
#endif
    });
}

bool IsOutOfMemory(ssize_t status) { return status == -ENOBUFS || status == -ENOMEM; }

ssize_t Send(int fd, const void* data, size_t bytes, bool more_follows) {
    const int flags = more_follows ? kSendFlags | kSendMoreFlag : kSendFlags;
    const ssize_t sent = Retry([&] { return PlainSend(fd, data, bytes, flags); });
    return sent == -EWOULDBLOCK ? -EAGAIN : sent;
}

ssize_t Receive(int fd, void* to, size_t max_bytes) {
    const ssize_t received = Retry([&] { return PlainReceive(fd, to, max_bytes); });
    return received == -EWOULDBLOCK ? -EAGAIN : received;
}

int ShutdownSend(int fd) { return Status(shutdown(fd, SHUT_WR)); }

int TakeError(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    const int status = Status(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    return status < 0 ? status : error;
}

int LocalAddress(int fd, SocketAddress& address) {
    address.length = sizeof address.storage;
    return Status(getsockname(fd, address.Get(), &address.length));
}

int RemoteAddress(int fd, SocketAddress& address) {
    address.length = sizeof address.storage;
    return Status(getpeername(fd, address.Get(), &address.length));
}

int GetTcpInfo([[maybe_unused]] int fd, [[maybe_unused]] TcpInfo& info) {
#if defined(__linux__)
    tcp_info raw{};
    socklen_t length = sizeof raw;
    int status = Status(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &raw, &length));
    int unsent = 0;
    if (status == 0) status = Status(ioctl(fd, SIOCOUTQ, &unsent));
    if (status < 0) return status;
    info.round_trip_ms = raw.tcpi_rtt / 1e3;
    info.round_trip_variance_ms = raw.tcpi_rttvar / 1e3;
    info.retransmitted_segments = raw.tcpi_total_retrans;
    info.unsent_bytes = static_cast<uint32_t>(unsent);
    info.send_congestion_window_segments = raw.tcpi_snd_cwnd;
    return 0;
#elif defined(__APPLE__)
    tcp_connection_info raw{};
    socklen_t length = sizeof raw;
    int status = Status(getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &raw, &length));
    int unsent = 0;
    length = sizeof unsent;
    if (status == 0) status = Status(getsockopt(fd, SOL_SOCKET, SO_NWRITE, &unsent, &length));
    if (status < 0) return status;
    info.round_trip_ms = raw.tcpi_srtt;
    info.round_trip_variance_ms = raw.tcpi_rttvar;
    info.retransmitted_segments = static_cast<uint32_t>(raw.tcpi_txretransmitpackets);
    info.unsent_bytes = static_cast<uint32_t>(unsent);
    info.send_congestion_window_segments = raw.tcpi_maxseg == 0 ? 0 : raw.tcpi_snd_cwnd / raw.tcpi_maxseg;
    return 0;
#elif defined(__FreeBSD__)
    tcp_info raw{};
    socklen_t length = sizeof raw;
    int status = Status(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &raw, &length));
    int unsent = 0;
    if (status == 0) status = Status(ioctl(fd, FIONWRITE, &unsent));
    if (status < 0) return status;
    info.round_trip_ms = raw.tcpi_rtt / 1e3;
    info.round_trip_variance_ms = raw.tcpi_rttvar / 1e3;
    info.retransmitted_segments = raw.tcpi_snd_rexmitpack;
    info.unsent_bytes = static_cast<uint32_t>(unsent);
    info.send_congestion_window_segments = raw.tcpi_snd_mss == 0 ? 0 : raw.tcpi_snd_cwnd / raw.tcpi_snd_mss;
    return 0;
#else
    return -EOPNOTSUPP;
#endif
}

int RefuseNewConnections([[maybe_unused]] int listener) {
#if defined(__linux__)
    // The filter of a TCP socket gets each segment from its TCP header on: drop those with SYN and without ACK.
    constexpr uint32_t kFlagsOffset = 13;
    constexpr uint32_t kSyn = 0x02;
    constexpr uint32_t kAck = 0x10;
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOffset),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const sock_fprog filter{.len = std::size(program), .filter = program};
    return Status(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter));
#else
    return -EOPNOTSUPP;
#endif
}

int AbsolutePath(const char* path, std::string& absolute) {
    if (path[0] == '/') {
        absolute = path;
        return 0;
    }
    char directory[PATH_MAX];
    if (getcwd(directory, sizeof directory) == nullptr) return -errno;
    absolute = std::string(directory) + '/' + path;
    return 0;
}

int IdentifyFile(const char* path, FileIdentity& identity) {
    struct stat file {};
    const int status = Status(lstat(path, &file));
    if (status < 0) return status;
    identity = {static_cast<uint64_t>(file.st_dev), static_cast<uint64_t>(file.st_ino)};
    return 0;
}

int RemoveFile(const char* path, const FileIdentity& identity) {
    FileIdentity now;
    const int status = IdentifyFile(path, now);
    if (status < 0) return status;
    return now == identity ? Status(unlink(path)) : -EEXIST;
}

double MonotonicMs() { return ClockMs(CLOCK_MONOTONIC); }

double CoarseMonotonicMs() {
#if defined(CLOCK_MONOTONIC_COARSE)
    return ClockMs(CLOCK_MONOTONIC_COARSE);
#elif defined(CLOCK_MONOTONIC_FAST)
    return ClockMs(CLOCK_MONOTONIC_FAST);
#else
    return MonotonicMs();
#endif
}

}  // namespace sys
}  // namespace sockman
