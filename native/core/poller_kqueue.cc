// kqueue: macOS and the BSDs, and Linux with libkqueue. Reading and writing are two filters of a descriptor
// and make two kernel events, which are joined here.
//
// libkqueue differs in three ways that matter here: its descriptor cannot be polled, it takes the pending error from a
// socket to report it, and a thread of its own closes a kqueue's resources some time after the kqueue.

#include "core/poller.h"

#if defined(SOCKMAN_HAVE_KQUEUE)

#include <fcntl.h>
#include <sys/types.h>
// kqueue's header needs sys/types.h first.
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace sockman {

namespace {

static_assert(sizeof(void*) >= sizeof(uint64_t), "a token travels in the user pointer of a kernel event");

/** Lives on the thread that made it. */
class KqueuePoller final : public Poller {
public:
    explicit KqueuePoller(int descriptor) : m_descriptor(descriptor) {}
    ~KqueuePoller() override { close(m_descriptor); }

    const char* Name() const override { return "kqueue"; }
#if defined(__linux__)
    int Descriptor() const override { return -1; }
#else
    int Descriptor() const override { return m_descriptor; }
#endif

    bool HasEdges() const override { return true; }

    int SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) override {
        struct kevent changes[2];
        int count = 0;
        // Filters of interest are added again even if they were before: adding reports anew what is ready.
        for (const auto& [bit, filter] : {std::pair{kInterestRead, EVFILT_READ}, std::pair{kInterestWrite, EVFILT_WRITE}}) {
            if (((from | to) & bit) != 0) changes[count++] = Change(fd, filter, token, (to & bit) != 0, (to & kInterestEdge) != 0);
        }
        return kevent(m_descriptor, changes, count, nullptr, 0, nullptr) < 0 ? -errno : 0;
    }

    int Wait(PollEvent* events, int max_events, int timeout_ms) override {
        if (m_events.size() < static_cast<size_t>(max_events)) m_events.resize(static_cast<size_t>(max_events));
        const timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
        const int kernel_count =
            kevent(m_descriptor, nullptr, 0, m_events.data(), max_events, timeout_ms < 0 ? nullptr : &timeout);
        if (kernel_count < 0) return errno == EINTR ? 0 : -errno;
        int count = 0;
        for (int i = 0; i < kernel_count; ++i) {
            const struct kevent& event = m_events[static_cast<size_t>(i)];
            const size_t fd = static_cast<size_t>(event.ident);
            // A hang-up or an error makes either filter ready, whatever else EV_EOF means.
            const uint32_t ready = event.filter == EVFILT_WRITE ? kInterestWrite : kInterestRead;
            if (m_places.size() <= fd) m_places.resize(fd + 1);
            Place& place = m_places[fd];
            if (place.wait != m_wait) {
                place = {m_wait, count};
                events[count++] = {reinterpret_cast<uint64_t>((void*)event.udata), kInterestNone};
            }
            events[place.position].ready |= ready;
            if ((event.flags & EV_EOF) != 0) events[place.position].ready |= kMoreBehind;
            if (event.filter == EVFILT_READ && event.data > 0) {
                events[place.position].receivable_bytes = static_cast<uint32_t>(event.data);
            }
            // EPIPE concerns sending only: a reset behind the peer's FIN, where a receive still finds the FIN.
            if ((event.flags & EV_EOF) != 0 && event.fflags != 0 && event.fflags != EPIPE) {
                events[place.position].error = static_cast<int>(event.fflags);
            }
        }
        ++m_wait;
        return count;
    }

private:
    /** Index of the event of a descriptor, and its wait. */
    struct Place {
        uint64_t wait = 0;
        int position = 0;
    };

    static struct kevent Change(int fd, int filter, uint64_t token, bool is_on, bool has_edges) {
        struct kevent change {};
        change.ident = static_cast<decltype(change.ident)>(fd);
        change.filter = static_cast<decltype(change.filter)>(filter);
        change.flags = static_cast<decltype(change.flags)>(!is_on ? EV_DELETE : has_edges ? EV_ADD | EV_CLEAR : EV_ADD);
        // A pointer on some systems and an integer on others.
        change.udata = (decltype(change.udata))token;
        return change;
    }

    const int m_descriptor;
    std::vector<struct kevent> m_events;
    std::vector<Place> m_places;
    uint64_t m_wait = 1;
};

}  // namespace

std::unique_ptr<Poller> MakeKqueuePoller(int& error) {
    const int descriptor = kqueue();
    error = descriptor < 0 ? errno : 0;
    if (descriptor < 0) return nullptr;
    auto poller = std::make_unique<KqueuePoller>(descriptor);
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) error = errno;
    return error == 0 ? std::move(poller) : nullptr;
}

}  // namespace sockman

#endif
