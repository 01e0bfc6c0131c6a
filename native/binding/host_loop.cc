#include "binding/host_loop.h"

#include <dlfcn.h>

namespace sockman {

namespace {

template <typename Function>
bool Find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
    return function != nullptr;
}

}  // namespace

const HostLoop* HostLoop::Get() {
    static HostLoop loop;
    static const bool is_complete = Find("napi_get_uv_event_loop", loop.get_loop) &&
                                    Find("uv_poll_init", loop.poll_init) && Find("uv_poll_start", loop.poll_start) &&
                                    Find("uv_poll_stop", loop.poll_stop) && Find("uv_check_init", loop.check_init) &&
                                    Find("uv_check_start", loop.check_start) &&
                                    Find("uv_check_stop", loop.check_stop) && Find("uv_idle_init", loop.idle_init) &&
                                    Find("uv_idle_start", loop.idle_start) && Find("uv_idle_stop", loop.idle_stop) &&
                                    Find("uv_unref", loop.unref) && Find("uv_close", loop.close);
    return is_complete ? &loop : nullptr;
}

}  // namespace sockman
