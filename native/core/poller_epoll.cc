// epoll: Linux. The kernel keeps the interest and a list of ready descriptors; the cost of a wait grows with the ready ones,
// not the watched ones.

#include "core/poller.h"

#if defined(SOCKMAN_HAVE_EPOLL)

#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace sockman {

namespace {

constexpr uint32_t kFailed = EPOLLERR | EPOLLHUP;
/** Conditions that may follow the bytes of a receive; requested with edges. */
constexpr uint32_t kBehind = EPOLLRDHUP | EPOLLPRI;

uint32_t ToEpoll(uint32_t interest) {
    const bool reads = (interest & kInterestRead) != 0;
    const bool has_edges = (interest & kInterestEdge) != 0;
    return (reads ? uint32_t{EPOLLIN} : 0) | ((interest & kInterestWrite) != 0 ? uint32_t{EPOLLOUT} : 0) |
           (has_edges ? uint32_t{EPOLLET} : 0) | (reads && has_edges ? kBehind : 0);
}

/** Urgent data alone is nothing to receive, and is reported until more arrives: no reason to look at the socket. */
uint32_t FromEpoll(uint32_t bits) {
    return ((bits & (EPOLLIN | EPOLLRDHUP | kFailed)) != 0 ? kInterestRead : 0) |
           ((bits & (EPOLLOUT | kFailed)) != 0 ? kInterestWrite : 0) |
           ((bits & (kFailed | kBehind)) != 0 ? kMoreBehind : 0);
}

/** Lives on the thread that made it. */
class EpollPoller final : public Poller {
public:
    explicit EpollPoller(int descriptor) : m_descriptor(descriptor) {}
    ~EpollPoller() override { close(m_descriptor); }

    const char* Name() const override { return "epoll"; }
    int Descriptor() const override { return m_descriptor; }
    bool HasEdges() const override { return true; }

    int SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) override {
        epoll_event event{};
        event.events = ToEpoll(to);
        event.data.u64 = token;
        const int operation = from == kInterestNone ? EPOLL_CTL_ADD
                              : to == kInterestNone ? EPOLL_CTL_DEL
                                                    : EPOLL_CTL_MOD;
        return epoll_ctl(m_descriptor, operation, fd, &event) < 0 ? -errno : 0;
    }

    int Wait(PollEvent* events, int max_events, int timeout_ms) override {
        if (m_events.size() < static_cast<size_t>(max_events)) m_events.resize(static_cast<size_t>(max_events));
        const int count = epoll_wait(m_descriptor, m_events.data(), max_events, timeout_ms);
        if (count < 0) return errno == EINTR ? 0 : -errno;
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = m_events[static_cast<size_t>(i)];
            events[i] = {event.data.u64, FromEpoll(event.events)};
        }
        return count;
    }

private:
    const int m_descriptor;
    std::vector<epoll_event> m_events;
};

}  // namespace

std::unique_ptr<Poller> MakeEpollPoller(int& error) {
    const int descriptor = epoll_create1(EPOLL_CLOEXEC);
    error = descriptor < 0 ? errno : 0;
    return descriptor < 0 ? nullptr : std::make_unique<EpollPoller>(descriptor);
}

}  // namespace sockman

#endif
