#include "core/poller.h"

#include <cerrno>

namespace sockman {

namespace {

constexpr const char* kNames[] = {
#if defined(SOCKMAN_HAVE_EPOLL)
    "epoll",
#endif
#if defined(SOCKMAN_HAVE_KQUEUE)
    "kqueue",
#endif
    "poll",
};

}  // namespace

std::span<const char* const> PollerNames() { return kNames; }

std::unique_ptr<Poller> MakePoller(std::string_view name, int& error) {
    if (name.empty()) name = kNames[0];
#if defined(SOCKMAN_HAVE_EPOLL)
    if (name == "epoll") return MakeEpollPoller(error);
#endif
#if defined(SOCKMAN_HAVE_KQUEUE)
    if (name == "kqueue") return MakeKqueuePoller(error);
#endif
    if (name == "poll") return MakePollPoller(error);
    error = EINVAL;
    return nullptr;
}

}  // namespace sockman
