// One suite for all pollers of the build: the rules at the top of core/poller.h.

#include "core/poller.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "support.h"

namespace sockman::test {

namespace {

constexpr uint32_t kReadWrite = kInterestRead | kInterestWrite;

/** Two ends of a connection; `near` is what the poller watches. */
struct Pair {
    Pair() : Pair(Make()) {}
    Peer near;
    Peer far;

    void FillSendBuffer() {
        const std::string data(64 * 1024, 'd');
        while (send(near.Fd(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) continue;
        REQUIRE(errno == EAGAIN);
    }
    void DrainFarEnd() {
        std::string data(64 * 1024, '\0');
        while (recv(far.Fd(), data.data(), data.size(), MSG_DONTWAIT) > 0) continue;
    }

private:
    static std::pair<int, int> Make() {
        int ends[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        return {ends[0], ends[1]};
    }
    explicit Pair(std::pair<int, int> ends) : near(ends.first), far(ends.second) {}
};

class Watch {
public:
    explicit Watch(const char* name) {
        int error = -1;
        m_poller = MakePoller(name, error);
        REQUIRE(m_poller != nullptr);
        REQUIRE(error == 0);
    }
    Poller* operator->() { return m_poller.get(); }

    void Set(int fd, uint64_t token, uint32_t from, uint32_t to) {
        REQUIRE(m_poller->SetInterest(fd, token, from, to) == 0);
    }
    /** What one wait reports, by token; each token at most once. */
    std::map<uint64_t, uint32_t> Wait(int timeout_ms = 0, int max_events = 64) {
        std::vector<PollEvent> events(static_cast<size_t>(max_events));
        const int count = m_poller->Wait(events.data(), max_events, timeout_ms);
        REQUIRE(count >= 0);
        REQUIRE(count <= max_events);
        std::map<uint64_t, uint32_t> ready;
        for (int i = 0; i < count; ++i) {
            const PollEvent& event = events[static_cast<size_t>(i)];
            CHECK(ready.emplace(event.token, event.ready).second);
        }
        return ready;
    }

private:
    std::unique_ptr<Poller> m_poller;
};

using Ready = std::map<uint64_t, uint32_t>;

}  // namespace

TEST_CASE("an empty name gives the best poller, an unknown one EINVAL") {
    int error = -1;
    CHECK(std::string_view(MakePoller("", error)->Name()) == PollerNames()[0]);
    for (const char* name : {"io_uring", "EPOLL", "epoll ", "epollx"}) {
        error = 0;
        CHECK(MakePoller(name, error) == nullptr);
        CHECK(error == EINVAL);
    }
}

TEST_CASE("a poller bears the name it was made by, and its descriptor does not survive exec") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        CHECK(std::string_view(watch->Name()) == name);
        if (watch->Descriptor() >= 0) CHECK((fcntl(watch->Descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    }
}

TEST_CASE("readiness is reported again until it is gone") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        watch.Set(pair.near.Fd(), 7, kInterestNone, kInterestRead);
        CHECK(watch.Wait().empty());
        pair.far.Send("xy");
        for (int i = 0; i < 3; ++i) CHECK(watch.Wait(kDeadlineMs) == Ready{{7, kInterestRead}});
        CHECK(pair.near.Receive(1) == "x");
        CHECK(watch.Wait(kDeadlineMs) == Ready{{7, kInterestRead}});
        CHECK(pair.near.Receive(1) == "y");
        CHECK(watch.Wait().empty());
        watch.Set(pair.near.Fd(), 7, kInterestRead, kInterestNone);
    }
}

TEST_CASE("a full socket becomes writable when the peer has read") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        watch.Set(pair.near.Fd(), 1, kInterestNone, kInterestWrite);
        CHECK(watch.Wait(kDeadlineMs) == Ready{{1, kInterestWrite}});
        pair.FillSendBuffer();
        CHECK(watch.Wait().empty());
        pair.DrainFarEnd();
        CHECK(watch.Wait(kDeadlineMs) == Ready{{1, kInterestWrite}});
        watch.Set(pair.near.Fd(), 1, kInterestWrite, kInterestNone);
    }
}

TEST_CASE("both directions of a descriptor come in one event") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        watch.Set(pair.near.Fd(), 1, kInterestNone, kReadWrite);
        pair.far.Send("x");
        CHECK(watch.Wait(kDeadlineMs) == Ready{{1, kReadWrite}});
        watch.Set(pair.near.Fd(), 1, kReadWrite, kInterestNone);
    }
}

TEST_CASE("interest changes every way there is") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        pair.far.Send("x");
        uint32_t from = kInterestNone;
        for (const uint32_t to :
             {kInterestRead, kInterestWrite, kReadWrite, kInterestWrite, kInterestNone, kInterestWrite, kInterestRead,
              kReadWrite, kInterestRead, kInterestNone, kReadWrite, kInterestNone}) {
            watch.Set(pair.near.Fd(), 5, from, to);
            if (to == kInterestNone) {
                CHECK(watch.Wait().empty());
            } else {
                CHECK(watch.Wait(kDeadlineMs) == Ready{{5, to}});
            }
            from = to;
        }
    }
}

TEST_CASE("a hang-up is reported in the direction asked for, and not at all when none is") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        pair.far.Close();
        for (const uint32_t interest : {kInterestRead, kInterestWrite}) {
            watch.Set(pair.near.Fd(), 1, kInterestNone, interest);
            const Ready ready = watch.Wait(kDeadlineMs);
            REQUIRE(ready.size() == 1);
            CHECK((ready.at(1) & interest) == interest);
            watch.Set(pair.near.Fd(), 1, interest, kInterestNone);
            CHECK(watch.Wait().empty());
        }
    }
}

TEST_CASE("the end of what the peer sends does not make a full socket writable") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        Pair pair;
        pair.FillSendBuffer();
        pair.far.ShutdownSend();
        watch.Set(pair.near.Fd(), 1, kInterestNone, kReadWrite);
        CHECK(watch.Wait(kDeadlineMs) == Ready{{1, kInterestRead}});
        watch.Set(pair.near.Fd(), 1, kReadWrite, kInterestNone);
    }
}

TEST_CASE("a number that the system hands out again inherits nothing") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        int fd = -1;
        {
            Pair pair;
            pair.far.Send("x");
            fd = pair.near.Fd();
            watch.Set(fd, 1, kInterestNone, kInterestRead);
            CHECK(watch.Wait(kDeadlineMs).size() == 1);
            watch.Set(fd, 1, kInterestRead, kInterestNone);
        }
        Pair pair;
        // The system uses the lowest number; another may have become free meanwhile.
        const Peer near = pair.near.Fd() == fd ? std::move(pair.near) : Peer(dup2(pair.near.Fd(), fd));
        REQUIRE(near.Fd() == fd);
        watch.Set(fd, 2, kInterestNone, kInterestRead);
        CHECK(watch.Wait().empty());
        pair.far.Send("x");
        CHECK(watch.Wait(kDeadlineMs) == Ready{{2, kInterestRead}});
        watch.Set(fd, 2, kInterestRead, kInterestNone);
    }
}

TEST_CASE("with more ready than asked for, all have their turn") {
    constexpr size_t kPairs = 100;
    constexpr int kAtOnce = 7;
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        std::vector<Pair> pairs(kPairs);
        for (size_t i = 0; i < kPairs; ++i) {
            watch.Set(pairs[i].near.Fd(), i, kInterestNone, kInterestRead);
            pairs[i].far.Send("x");
        }
        std::map<uint64_t, int> seen;
        for (size_t wait = 0; wait < 3 * kPairs / kAtOnce; ++wait) {
            const Ready ready = watch.Wait(kDeadlineMs, kAtOnce);
            CHECK(ready.size() == kAtOnce);
            for (const auto& [token, bits] : ready) ++seen[token];
        }
        CHECK(seen.size() == kPairs);
        for (size_t i = 0; i < kPairs; ++i) watch.Set(pairs[i].near.Fd(), i, kInterestRead, kInterestNone);
        CHECK(watch.Wait().empty());
    }
}

TEST_CASE("descriptors may leave in any order") {
    constexpr size_t kPairs = 30;
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        std::vector<Pair> pairs(kPairs);
        Ready expected;
        for (size_t i = 0; i < kPairs; ++i) {
            watch.Set(pairs[i].near.Fd(), i, kInterestNone, kInterestRead);
            pairs[i].far.Send("x");
            expected[i] = kInterestRead;
        }
        for (size_t step = 0; step < kPairs; ++step) {
            CHECK(watch.Wait(kDeadlineMs) == expected);
            const size_t i = (step * 7 + 3) % kPairs;  // 7 and 30 have no common divisor: each once.
            watch.Set(pairs[i].near.Fd(), i, kInterestRead, kInterestNone);
            expected.erase(i);
        }
        CHECK(watch.Wait().empty());
    }
}

TEST_CASE("the poller's own descriptor is readable exactly while something is ready") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        if (watch->Descriptor() < 0) {
            CHECK((std::string_view(name) == "poll" || !ClosesAtOnce(name)));
            continue;
        }
        Pair pair;
        watch.Set(pair.near.Fd(), 1, kInterestNone, kInterestRead);
        pollfd outer{watch->Descriptor(), POLLIN, 0};
        CHECK(poll(&outer, 1, 0) == 0);
        pair.far.Send("x");
        CHECK(poll(&outer, 1, kDeadlineMs) == 1);
        CHECK(watch.Wait().size() == 1);
        CHECK(poll(&outer, 1, kDeadlineMs) == 1);
        CHECK(pair.near.Receive(1) == "x");
        CHECK(watch.Wait().empty());
        CHECK(poll(&outer, 1, 0) == 0);
        watch.Set(pair.near.Fd(), 1, kInterestRead, kInterestNone);
    }
}

TEST_CASE("a wait lasts as long as it was told to") {
    FOR_EACH_POLLER(name) {
        Watch watch(name);
        const double start = sys::MonotonicMs();
        CHECK(watch.Wait(30).empty());
        // Clocks of different precision: a millisecond less is allowed.
        CHECK(sys::MonotonicMs() - start >= 29);
        Pair pair;
        watch.Set(pair.near.Fd(), 1, kInterestNone, kInterestRead);
        pair.far.Send("x");
        CHECK(watch.Wait(-1).size() == 1);
        watch.Set(pair.near.Fd(), 1, kInterestRead, kInterestNone);
    }
}

TEST_CASE("a poller that cannot have a descriptor says why, and nothing leaks from one that could") {
    FOR_EACH_POLLER(name) {
        if (!ClosesAtOnce(name)) continue;
        const size_t before = OpenDescriptorCount();
        { Watch watch(name); }
        CHECK(OpenDescriptorCount() == before);
        if (std::string_view(name) != "epoll") continue;
        DescriptorLimit none_left(0);
        int error = 0;
        CHECK(MakePoller(name, error) == nullptr);
        CHECK(error == EMFILE);
    }
}

}  // namespace sockman::test
