// The functions of the host's event loop that the addon uses, found at run time.
//
// The addon does not link against libuv: other runtimes load Node-API addons too, without such a loop or with stand-ins that
// abort. `HostLoop::Get` finds all functions or none, and the package then falls back to its `node-net` backend.

#pragma once

#include <node_api.h>
#include <uv.h>

namespace sockman {

struct HostLoop {
    decltype(&napi_get_uv_event_loop) get_loop;
    decltype(&uv_poll_init) poll_init;
    decltype(&uv_poll_start) poll_start;
    decltype(&uv_poll_stop) poll_stop;
    decltype(&uv_check_init) check_init;
    decltype(&uv_check_start) check_start;
    decltype(&uv_check_stop) check_stop;
    decltype(&uv_idle_init) idle_init;
    decltype(&uv_idle_start) idle_start;
    decltype(&uv_idle_stop) idle_stop;
    decltype(&uv_unref) unref;
    decltype(&uv_close) close;

    /** The functions of this process; nullptr if one is missing. */
    static const HostLoop* Get();
};

}  // namespace sockman
