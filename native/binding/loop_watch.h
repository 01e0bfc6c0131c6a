// The watch on the host's event loop: calls back when the engine has something to gather, once in each pass of the loop.
//
// A poller with a descriptor of its own (epoll, kqueue) needs one handle of the loop for it. A poller without one (poll) has
// each of its sockets watched; everything that fires in one pass of the loop leads to one call, after the pass.

#pragma once

#include <functional>
#include <memory>
#include <unordered_map>

#include "binding/host_loop.h"
#include "core/engine.h"

namespace sockman {

class ReadySink {
public:
    virtual ~ReadySink() = default;
    virtual void OnReady() = 0;
};

class LoopHandles;
struct Poll;

/** Lives on the thread of its loop; there is no other. */
class LoopWatch : public InterestObserver {
public:
    /** @param sink - Outlives the watch. */
    LoopWatch(const HostLoop& host, uv_loop_t* loop, ReadySink* sink);
    ~LoopWatch() override;
    LoopWatch(const LoopWatch&) = delete;
    LoopWatch& operator=(const LoopWatch&) = delete;

    /**
     * Begins the calls.
     * @param descriptor - The poller's own, or -1 to watch what `OnInterest` names.
     * @return 0 or a negative errno.
     */
    int Start(int descriptor);

    /**
     * Ends the calls at once and closes the handles.
     * @param on_closed - Runs when the loop has released them: now if there are none, otherwise in its next pass, when this
     * object may be gone.
     */
    void Stop(std::function<void()> on_closed);

    /** Makes one more call in the loop's next pass, after its timers, whether or not a descriptor is ready by then. */
    void CallInNextPass();

    /** Pauses or resumes watching: for a poller that failed, which would be asked again at once, in vain. */
    void Rest(bool on);

    void OnInterest(int fd, uint32_t interest) override;

private:
    int Watch(int fd, uint32_t interest);
    int Begin(Poll* poll, uint32_t interest);

    const HostLoop& m_host;
    uv_loop_t* const m_loop;
    const std::shared_ptr<LoopHandles> m_handles;
    std::unordered_map<int, uint32_t> m_interest;
    std::unordered_map<int, Poll*> m_polls;
    bool m_is_started = false;
    bool m_is_resting = false;
};

}  // namespace sockman
