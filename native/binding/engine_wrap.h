// The engine as a JavaScript object. `NativeBackend` in ts/sockman/backends/native.ts is its only user; native/load.d.cts
// declares the parameters and results of each method.
//
// Hot methods, those called for every message or every connection, are functions of each instance, bound to it when it is
// made: finding the wrap behind a receiver, and checking that it is one of ours, costs more than all the rest of such a
// call (814 to 148 ns for `send`). The wrap lives until the object and all of these functions are collected.
//
// Life. The JavaScript object owns the wrap; between `start` and `stop` the wrap also holds the object, so that sockets in
// use are not collected. `destroy`, collection and the end of the environment (exit, a terminated worker) all call `Shut`,
// which stops the watch, closes the sockets and the poller, and touches no JavaScript.

#pragma once

#include <node_api.h>

#include <memory>

#include "binding/batch_call.h"
#include "binding/loop_watch.h"
#include "core/engine.h"

namespace sockman {

/** Lives on the thread of its environment; there is no other. */
class EngineWrap : public ReadySink {
public:
    /** Defines the class. @return nullptr with an exception pending. */
    static napi_value Define(napi_env env);

    ~EngineWrap() override;
    EngineWrap(const EngineWrap&) = delete;
    EngineWrap& operator=(const EngineWrap&) = delete;

    void OnReady() override;

private:
    template <size_t kMaxArguments>
    struct Call;
    template <size_t kMaxArguments>
    struct BoundCall;

    EngineWrap(napi_env env, const HostLoop& host, uv_loop_t* loop);

    static napi_value Construct(napi_env env, napi_callback_info info);
    static napi_value Start(napi_env env, napi_callback_info info);
    static napi_value Stop(napi_env env, napi_callback_info info);
    static napi_value Rest(napi_env env, napi_callback_info info);
    static napi_value Destroy(napi_env env, napi_callback_info info);
    static napi_value Listen(napi_env env, napi_callback_info info);
    static napi_value Connect(napi_env env, napi_callback_info info);
    static napi_value SetAccepting(napi_env env, napi_callback_info info);
    static napi_value Drain(napi_env env, napi_callback_info info);
    static napi_value SetReceiving(napi_env env, napi_callback_info info);
    static napi_value SetResting(napi_env env, napi_callback_info info);
    static napi_value Send(napi_env env, napi_callback_info info);
    static napi_value SendLent(napi_env env, napi_callback_info info);
    static napi_value SendMany(napi_env env, napi_callback_info info);
    static napi_value Receive(napi_env env, napi_callback_info info);
    static napi_value ShutdownSend(napi_env env, napi_callback_info info);
    static napi_value Close(napi_env env, napi_callback_info info);
    static napi_value Reset(napi_env env, napi_callback_info info);
    static napi_value LocalAddress(napi_env env, napi_callback_info info);
    static napi_value RemoteAddress(napi_env env, napi_callback_info info);
    static napi_value CountersOf(napi_env env, napi_callback_info info);
    static napi_value TcpInfoOf(napi_env env, napi_callback_info info);

    /** The engine of a bound method that takes no arguments. */
    static EngineWrap* BoundTo(napi_env env, napi_callback_info info);

    bool OwnedBy(napi_value object);
    bool BindHotMethods(napi_value object);
    bool BindMethod(napi_value object, const char* name, napi_callback method);
    bool HoldMemory(napi_value records, napi_value slab, napi_value exchange, size_t receive_chunk_bytes);
    void StopWatch();
    void Shut();
    napi_value ToHandle(const OpenResult& result);
    void PackAddress(End end);

    const napi_env m_env;
    BatchCall m_batch_call;
    LoopWatch m_watch;
    std::unique_ptr<Engine> m_engine;
    napi_async_cleanup_hook_handle m_cleanup = nullptr;

    // JavaScript memory that the engine fills. The references keep it alive; none of the three can be detached.
    int32_t* m_records = nullptr;
    uint8_t* m_slab = nullptr;
    size_t m_slab_bytes = 0;
    /** Words of `Exchange`, and a packed address behind them. */
    int32_t* m_exchange = nullptr;
    napi_ref m_memory[3] = {};

    /** Records of a batch that JavaScript has not finished; 0 for none. */
    int m_unfinished_count = 0;
    /** JavaScript objects that point here. */
    int m_owner_count = 0;
    bool m_is_started = false;
    bool m_is_stopped = false;
    bool m_is_shut = false;
};

}  // namespace sockman
