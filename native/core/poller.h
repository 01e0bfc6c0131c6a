// The readiness contract, and one implementation of it for each mechanism of the operating systems.
//
// A poller watches descriptors, each with a token and an interest, and reports those that are ready. It neither owns nor
// closes them. Rules that hold for every implementation:
//
// - Level-triggered: a condition is reported by each `Wait` for as long as it holds. With `kInterestEdge`, which a poller
//   with `HasEdges` accepts for stream sockets, it is reported once: when it begins, when something new arrives, and after
//   each `SetInterest`.
// - A descriptor whose interest is `kInterestNone` is unknown to the kernel: not even a hang-up is reported
//   for it, so a paused connection cannot spin.
// - One event per descriptor and `Wait`, reading and writing joined.
// - An error or hang-up makes a descriptor ready in each direction of interest: the next receive or send finds out what it
//   is. A direction outside the interest may be reported with it; callers ignore those.
// - Reports are hints. A descriptor may turn out not to be ready, and an event fetched earlier may name a descriptor that
//   has left since; callers know it by its token, which they never use again.
// - With more ready descriptors than asked for, each is reported eventually.
// - The caller passes the previous interest, and keeps one token while there is any interest. Anything else is a bug.
// - A descriptor leaves the poller before it is closed.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sockman {

inline constexpr uint32_t kInterestNone = 0;
inline constexpr uint32_t kInterestRead = 1;
inline constexpr uint32_t kInterestWrite = 2;
/** Together with one of the others: report changes only. */
inline constexpr uint32_t kInterestEdge = 4;

/**
 * In a report: a receive that gets less than it asked for may not be the last one. The peer has closed or reset, or sent
 * urgent data, at which a receive stops.
 */
inline constexpr uint32_t kMoreBehind = 8;

struct PollEvent {
    uint64_t token;
    /** Bits of `kInterestRead` and `kInterestWrite`; `kMoreBehind` only with `kInterestEdge`. */
    uint32_t ready;
    /** The errno of the socket, where reporting it may have taken it from the socket; 0 if there was none. */
    int error = 0;
    /** Bytes to receive, if the mechanism reports them: a receive that gets fewer is not the last one. */
    uint32_t receivable_bytes = 0;
};

/** Lives on the thread that made it. */
class Poller {
public:
    virtual ~Poller() = default;

    /** The name under which `MakePoller` made it. */
    virtual const char* Name() const = 0;

    /** Readable while some descriptor of this poller is ready; -1 if the mechanism has none. */
    virtual int Descriptor() const = 0;

    /** Whether the poller supports `kInterestEdge`; otherwise it must not be passed. */
    virtual bool HasEdges() const = 0;

    /** Changes the interest in `fd` from `from` to `to`; both may be the same. @return 0 or negative errno. */
    virtual int SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) = 0;

    /**
     * Waits until something is ready.
     * @param timeout_ms - 0 returns at once; -1 waits without limit. A signal may end the wait early.
     * @return Number of events written, 0..max_events, or negative errno.
     */
    virtual int Wait(PollEvent* events, int max_events, int timeout_ms) = 0;
};

/** Names of the pollers of this build, best first. */
std::span<const char* const> PollerNames();

/**
 * Makes a poller. An empty name means the best.
 * @return nullptr with `error` set: EINVAL for a name that is not in `PollerNames()`, otherwise the system's errno.
 */
std::unique_ptr<Poller> MakePoller(std::string_view name, int& error);

// One maker for each mechanism. Makers of mechanisms that the platform lacks are undefined, and `MakePoller` omits them.
// Linux has kqueue if the build names a library that provides it (then CMake defines SOCKMAN_HAVE_KQUEUE).
#if defined(__linux__)
#define SOCKMAN_HAVE_EPOLL 1
#endif
#if defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || defined(__DragonFly__)
#define SOCKMAN_HAVE_KQUEUE 1
#endif

std::unique_ptr<Poller> MakeEpollPoller(int& error);
std::unique_ptr<Poller> MakeKqueuePoller(int& error);
std::unique_ptr<Poller> MakePollPoller(int& error);

}  // namespace sockman
