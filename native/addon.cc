// The exports of the addon: the engine, and the names of its numbers. Stateless: each environment (the main thread, every
// worker) gets a class of its own, and nothing is shared between them.

#include <napi.h>

#include "binding/engine_wrap.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

/** Makes the C library return free pages to the system, where it can. */
void TrimMemory() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
    // Without the functions of libuv there is no loop to be watched from; the package then uses its other backend.
    exports["isLoopAvailable"] = Napi::Boolean::New(env, sockman::HostLoop::Get() != nullptr);
    exports["Engine"] = sockman::EngineWrap::Define(env);
    exports["monotonicMs"] = Napi::Function::New(
        env, [](const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), sockman::sys::MonotonicMs()); });
    exports["trimMemory"] = Napi::Function::New(env, [](const Napi::CallbackInfo&) { TrimMemory(); });
    Napi::Array pollers = Napi::Array::New(env);
    for (const auto& name : sockman::PollerNames()) pollers[pollers.Length()] = std::string(name);
    exports["pollers"] = pollers;
    exports["syscallName"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
        const auto call = static_cast<sockman::Syscall>(info[0].ToNumber().Int32Value());
        return Napi::String::New(info.Env(), sockman::SyscallName(call));
    });
    return exports;
}

}  // namespace

NODE_API_MODULE(sockman, Init)
