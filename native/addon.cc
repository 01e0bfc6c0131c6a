// What the addon exports: the engine, and the words for its numbers. No state: each environment (the main thread, every
// worker) gets its own class, and nothing is shared between them.

#include <napi.h>

#include "binding/engine_wrap.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

/** Has the C library give back the pages that lie free between blocks in use, where it has a way. */
void TrimMemory() {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
    // Without the functions of libuv there is no loop to watch from; the package then uses its other backend.
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
