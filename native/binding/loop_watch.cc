#include "binding/loop_watch.h"

#include <cerrno>
#include <utility>

namespace sockman {

/** One watched descriptor. */
struct Poll : uv_poll_t {
    int events = 0;
};

/**
 * The loop's handles of one watch. The loop owns a closed handle until its next pass, so each handle's `data` points to this
 * object, which keeps itself alive as long as a handle is open.
 */
class LoopHandles : public std::enable_shared_from_this<LoopHandles> {
public:
    LoopHandles(const HostLoop& host, ReadySink* sink) : m_host(host), m_sink(sink) {}

    template <typename Handle>
    Handle* Add() {
        auto* handle = new Handle;
        handle->data = this;
        m_open_count++;
        m_self = shared_from_this();
        return handle;
    }

    /** Closes a handle that the loop refused. */
    template <typename Handle>
    void Discard(Handle* handle) {
        delete handle;
        Forget();
    }

    template <typename Handle>
    void Close(Handle* handle) {
        m_host.close(reinterpret_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
            auto* handles = static_cast<LoopHandles*>(closed->data);
            delete reinterpret_cast<Handle*>(closed);
            handles->Forget();
        });
    }

    /** Everything that fires in one pass of the loop leads to one call, after the pass. */
    void CallAfterPass(uv_loop_t* loop) {
        m_check = Add<uv_check_t>();
        m_host.check_init(loop, m_check);
    }

    /** Makes the loop watch a descriptor, from now on or for other events. */
    int Start(Poll* poll, int events) {
        poll->events = events;
        return m_host.poll_start(poll, events, [](uv_poll_t* fired, int status, int) {
            auto* const handles = static_cast<LoopHandles*>(fired->data);
            // The loop stops watching a descriptor with an error condition, such as an RST, although bytes may precede it.
            // The engine goes on until it has taken the error itself.
            auto* const self = static_cast<Poll*>(fired);
            if (status < 0) handles->Start(self, self->events);
            handles->Fired();
        });
    }

    void CallInNextPass(uv_loop_t* loop) {
        if (m_idle == nullptr) {
            m_idle = Add<uv_idle_t>();
            m_host.idle_init(loop, m_idle);
            m_host.unref(reinterpret_cast<uv_handle_t*>(m_idle));
        }
        m_is_call_due = true;
        m_host.idle_start(m_idle, [](uv_idle_t* idle) {
            auto* handles = static_cast<LoopHandles*>(idle->data);
            handles->m_host.idle_stop(idle);
            handles->m_is_call_due = false;
            handles->Call();
        });
    }

    void Fired() {
        // A call that is due in the next pass has used up this one's share.
        if (m_is_call_due) return;
        if (m_check == nullptr) return Call();
        m_host.check_start(m_check, [](uv_check_t* check) {
            auto* handles = static_cast<LoopHandles*>(check->data);
            handles->m_host.check_stop(check);
            handles->Call();
        });
    }

    void Mute() {
        m_sink = nullptr;
        if (m_check != nullptr) Close(std::exchange(m_check, nullptr));
        if (m_idle != nullptr) Close(std::exchange(m_idle, nullptr));
    }

    void WhenEmpty(std::function<void()> on_empty) {
        if (m_open_count == 0) return on_empty();
        m_on_empty = std::move(on_empty);
    }

private:
    void Call() {
        if (m_sink != nullptr && !m_is_call_due) m_sink->OnReady();
    }

    void Forget() {
        if (--m_open_count > 0) return;
        const auto last = std::move(m_self);
        if (m_on_empty) std::exchange(m_on_empty, nullptr)();
    }

    const HostLoop& m_host;
    ReadySink* m_sink;
    uv_check_t* m_check = nullptr;
    uv_idle_t* m_idle = nullptr;
    /** A call is due in the next pass, and none comes before it. */
    bool m_is_call_due = false;
    std::function<void()> m_on_empty;
    std::shared_ptr<LoopHandles> m_self;
    int m_open_count = 0;
};

namespace {

int ToUvEvents(uint32_t interest) {
    return ((interest & kInterestRead) != 0 ? UV_READABLE : 0) | ((interest & kInterestWrite) != 0 ? UV_WRITABLE : 0);
}

}  // namespace

LoopWatch::LoopWatch(const HostLoop& host, uv_loop_t* loop, ReadySink* sink)
    : m_host(host), m_loop(loop), m_handles(std::make_shared<LoopHandles>(host, sink)) {}

LoopWatch::~LoopWatch() { Stop(nullptr); }

int LoopWatch::Start(int descriptor) {
    m_is_started = true;
    if (descriptor >= 0) return Watch(descriptor, kInterestRead);
    m_handles->CallAfterPass(m_loop);
    for (const auto& [fd, interest] : m_interest) {
        const int status = Watch(fd, interest);
        if (status != 0) return status;
    }
    return 0;
}

void LoopWatch::Stop(std::function<void()> on_closed) {
    m_is_started = false;
    m_handles->Mute();
    for (const auto& entry : m_polls) m_handles->Close(entry.second);
    m_polls.clear();
    if (on_closed) m_handles->WhenEmpty(std::move(on_closed));
}

void LoopWatch::CallInNextPass() {
    if (m_is_started) m_handles->CallInNextPass(m_loop);
}

void LoopWatch::Rest(bool on) {
    if (!m_is_started || m_is_resting == on) return;
    m_is_resting = on;
    for (const auto& entry : m_polls) {
        if (on) {
            m_host.poll_stop(entry.second);
        } else {
            m_handles->Start(entry.second, entry.second->events);
        }
    }
}

void LoopWatch::OnInterest(int fd, uint32_t interest) {
    if (interest == kInterestNone) {
        m_interest.erase(fd);
    } else {
        m_interest[fd] = interest;
    }
    if (m_is_started) Watch(fd, interest);
}

int LoopWatch::Watch(int fd, uint32_t interest) {
    const auto found = m_polls.find(fd);
    if (interest == kInterestNone) {
        if (found == m_polls.end()) return 0;
        m_handles->Close(found->second);
        m_polls.erase(found);
        return 0;
    }
    if (found != m_polls.end()) return Begin(found->second, interest);
    auto* poll = m_handles->Add<Poll>();
    const int status = m_host.poll_init(m_loop, poll, fd);
    if (status != 0) {
        m_handles->Discard(poll);
        return status;
    }
    // Sockets do not keep the process alive: the backend does, while it is started and not unreferenced.
    m_host.unref(reinterpret_cast<uv_handle_t*>(poll));
    m_polls.emplace(fd, poll);
    return Begin(poll, interest);
}

int LoopWatch::Begin(Poll* poll, uint32_t interest) {
    poll->events = ToUvEvents(interest);
    return m_is_resting ? 0 : m_handles->Start(poll, poll->events);
}

}  // namespace sockman
