// All system calls on sockets, without state or policy. Each function returns a value >= 0 or a negative errno, repeats
// calls that a signal interrupted, and hides at most one difference between platforms. Descriptors made here are
// non-blocking and close-on-exec, and never raise SIGPIPE.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/address.h"

namespace sockman {

/** The system call that was refused; `SyscallName` gives its name. */
enum class Syscall : uint8_t {
    None,
    Socket,
    SetSockOpt,
    Bind,
    Listen,
    Connect,
    Stat,
    PollerCreate,
    PollerAdd,
    GetSockName
};

const char* SyscallName(Syscall call);

/** A refused call and the positive errno. `error == 0` means that nothing failed. */
struct Failure {
    Syscall syscall = Syscall::None;
    int error = 0;
};

/** Options of every TCP socket, dialed or accepted. Buffer sizes apply to Unix-domain sockets as well. */
struct SocketOptions {
    bool no_delay = true;
    /** Idle seconds before the first keep-alive probe; 0 is off. */
    int keep_alive_seconds = 0;
    /** SO_RCVBUF and SO_SNDBUF; 0 leaves them to the system. */
    int receive_buffer_bytes = 0;
    int send_buffer_bytes = 0;
};

/**
 * Whether an accepted socket has the options of its listener, so that accepting need not set them again. Undocumented, but
 * true of every Linux, and tested.
 */
#if defined(__linux__)
inline constexpr bool kAcceptInheritsOptions = true;
#else
inline constexpr bool kAcceptInheritsOptions = false;
#endif

/** The kernel's figures of one TCP connection; see `TcpInfo` in backend.ts. */
struct TcpInfo {
    double round_trip_ms = 0;
    double round_trip_variance_ms = 0;
    uint32_t retransmitted_segments = 0;
    uint32_t unsent_bytes = 0;
    uint32_t send_congestion_window_segments = 0;
};

/** Distinguishes a file from every other while it exists. */
struct FileIdentity {
    uint64_t device = 0;
    uint64_t inode = 0;
    bool operator==(const FileIdentity&) const = default;
};

// The calls have a namespace of their own, since an engine has a `Close` too, and a handle is an int like a descriptor.
namespace sys {

/** A new stream socket of an address family. */
int OpenStream(int family);
int Close(int fd);

int SetOptions(int fd, int family, const SocketOptions& options);
int SetReuseAddress(int fd);
int SetReusePort(int fd);
int SetIpv6Only(int fd, bool on);
/** Lets `bind` choose the address and `connect` the port, so that ports are shared between destinations. Linux only. */
int SetBindAddressNoPort(int fd);
/** Makes the next `Close` send RST and drop what is unsent. */
int SetResetOnClose(int fd);

int Bind(int fd, const SocketAddress& at);
int Listen(int fd, int backlog);
/** Begins to connect. 0 means connected or in progress. */
int Connect(int fd, const SocketAddress& to);
/** @return A descriptor; `-EAGAIN` if no connection waits. */
int Accept(int listener, SocketAddress& from);

/** Whether a call failed because the system lacks memory at the moment: the socket is intact. */
bool IsOutOfMemory(ssize_t status);

ssize_t Send(int fd, const void* data, size_t bytes, bool more_follows);
ssize_t Receive(int fd, void* to, size_t max_bytes);
int ShutdownSend(int fd);

/** Takes the pending error of a socket: 0, or a positive errno; negative if the question itself failed. */
int TakeError(int fd);
int LocalAddress(int fd, SocketAddress& address);
int RemoteAddress(int fd, SocketAddress& address);
int GetTcpInfo(int fd, TcpInfo& info);

/**
 * Makes a TCP listener refuse new connections, if the platform can do that without closing it: Linux drops their SYNs, while
 * handshakes in progress go on. @return 0 or a negative errno, -EOPNOTSUPP elsewhere.
 */
int RefuseNewConnections(int listener);

/** The path from the root directory, independent of later changes of the current one. */
int AbsolutePath(const char* path, std::string& absolute);
int IdentifyFile(const char* path, FileIdentity& identity);
/** Removes `path` if it is still the file `identity`. */
int RemoveFile(const char* path, const FileIdentity& identity);

/** Milliseconds on a monotonic clock of unspecified origin. */
double MonotonicMs();
/** The same clock, a few milliseconds behind and several times cheaper where the platform has such a thing.
 */
double CoarseMonotonicMs();

}  // namespace sys

}  // namespace sockman
