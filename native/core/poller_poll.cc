// poll(2): every POSIX system. The whole set goes to the kernel at each wait, so the cost of a wait grows with the watched
// descriptors. The set has no descriptor of its own: the host watches each socket, or waits here.

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/poller.h"

namespace sockman {

namespace {

constexpr int kFailed = POLLERR | POLLHUP | POLLNVAL;

short ToPoll(uint32_t interest) {
    return static_cast<short>(((interest & kInterestRead) != 0 ? POLLIN : 0) |
                              ((interest & kInterestWrite) != 0 ? POLLOUT : 0));
}

uint32_t FromPoll(int bits) {
    return ((bits & (POLLIN | kFailed)) != 0 ? kInterestRead : 0) |
           ((bits & (POLLOUT | kFailed)) != 0 ? kInterestWrite : 0);
}

/** Lives on the thread that made it. */
class PollPoller final : public Poller {
public:
    const char* Name() const override { return "poll"; }
    int Descriptor() const override { return -1; }
    bool HasEdges() const override { return false; }

    int SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) override {
        const size_t index = static_cast<size_t>(fd);
        if (m_positions.size() <= index) m_positions.resize(index + 1);
        if (from == kInterestNone) {
            m_positions[index] = m_watched.size();
            m_watched.push_back({fd, ToPoll(to), 0});
            m_tokens.push_back(token);
        } else if (to == kInterestNone) {
            Remove(m_positions[index]);
        } else {
            m_watched[m_positions[index]].events = ToPoll(to);
            m_tokens[m_positions[index]] = token;
        }
        return 0;
    }

    int Wait(PollEvent* events, int max_events, int timeout_ms) override {
        int ready = Poll(timeout_ms);
        if (ready < 0) return ready == -EINTR ? 0 : ready;
        // Each wait continues where the last one stopped, so that the last descriptors are reported even when many are
        // ready.
        int count = 0;
        const size_t watched = m_watched.size();
        for (size_t seen = 0; seen < watched && ready > 0 && count < max_events; ++seen, ++m_scan_from) {
            if (m_scan_from >= watched) m_scan_from = 0;
            const int bits = m_watched[m_scan_from].revents;
            if (bits == 0) continue;
            --ready;
            events[count++] = {m_tokens[m_scan_from], FromPoll(bits)};
        }
        return count;
    }

private:
    /** poll(2) on the whole set. @return How many are ready, or a negative errno. */
    int Poll(int timeout_ms) {
        const int ready = poll(m_watched.data(), static_cast<nfds_t>(m_watched.size()), timeout_ms);
        if (ready >= 0) return ready;
        // More than the limit on descriptors, which was lowered after they were opened: poll in parts, without waiting.
        return errno == EINVAL && timeout_ms == 0 ? PollInParts() : -errno;
    }

    int PollInParts() {
        size_t part = (m_watched.size() + 1) / 2;
        int ready = 0;
        for (size_t from = 0; from < m_watched.size();) {
            const size_t count = std::min(part, m_watched.size() - from);
            const int part_ready = poll(m_watched.data() + from, static_cast<nfds_t>(count), 0);
            if (part_ready >= 0) {
                ready += part_ready;
                from += count;
            } else if (errno == EINVAL && part > 1) {
                part = (part + 1) / 2;
            } else {
                return -errno;
            }
        }
        return ready;
    }

    void Remove(size_t position) {
        m_watched[position] = m_watched.back();
        m_tokens[position] = m_tokens.back();
        m_positions[static_cast<size_t>(m_watched[position].fd)] = position;
        m_watched.pop_back();
        m_tokens.pop_back();
    }

    std::vector<pollfd> m_watched;
    /** The token of each entry of `m_watched`. */
    std::vector<uint64_t> m_tokens;
    /** Index in `m_watched` of each descriptor, by descriptor. */
    std::vector<size_t> m_positions;
    size_t m_scan_from = 0;
};

}  // namespace

std::unique_ptr<Poller> MakePollPoller(int& error) {
    error = 0;
    return std::make_unique<PollPoller>();
}

}  // namespace sockman
