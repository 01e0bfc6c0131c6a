// The only call from the engine into JavaScript.

#pragma once

#include <node_api.h>

namespace sockman {

/** Calls one JavaScript function, once per batch. Lives on the thread of its environment. */
class BatchCall {
public:
    explicit BatchCall(napi_env env) : m_env(env) {}
    ~BatchCall() { Release(); }
    BatchCall(const BatchCall&) = delete;
    BatchCall& operator=(const BatchCall&) = delete;

    /** Keeps `function` and `receiver` alive until `Release`. @return False with an exception pending. */
    bool Hold(napi_value receiver, napi_value function);
    void Release();

    /**
     * Calls the function with the number of records and whether a pass of the host's loop begins. Microtasks and
     * `process.nextTick` run before this returns, as after any callback of the host. What the function throws, `null` and
     * `undefined` included, becomes an uncaught exception.
     * @return The result of the function; true if it threw.
     */
    bool Call(int record_count, bool is_new_pass);

private:
    const napi_env m_env;
    napi_ref m_receiver = nullptr;
    napi_ref m_function = nullptr;
    napi_async_context m_context = nullptr;
};

}  // namespace sockman
