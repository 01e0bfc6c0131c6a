#include "binding/engine_wrap.h"

#include <string>
#include <utility>

#include "binding/arguments.h"

namespace sockman {

namespace {

/** Distinguishes our objects from those of any other addon. Chosen at random, once. */
constexpr napi_type_tag kTypeTag = {0x7d3c51b0e8a94f62, 0x9e1f04d7b26c8a35};

// Memory for the numbers of hot calls: as arguments and results they take half of a crossing. The words in their order, as
// native/load.d.cts has them, and the room for a packed address behind them.
enum Exchange : size_t { kFailedSyscall, kFailedErrno, kHandle, kOffset, kLength, kPackedAddress = 8 };
constexpr size_t kExchangeWords = kPackedAddress + (kMaxPackedBytes + sizeof(int32_t) - 1) / sizeof(int32_t);

napi_value Throw(napi_env env, const char* code, const std::string& message) {
    napi_throw_type_error(env, code, message.c_str());
    return nullptr;
}

napi_value ToNumber(napi_env env, int32_t number) {
    napi_value value = nullptr;
    napi_create_int32(env, number, &value);
    return value;
}

/** Result of a send; undefined for all of `bytes`, since making a number takes a tenth of the call. */
napi_value ToSent(napi_env env, ssize_t sent, size_t bytes) {
    return sent == static_cast<ssize_t>(bytes) ? nullptr : ToNumber(env, static_cast<int32_t>(sent));
}

napi_value ToBoolean(napi_env env, bool boolean) {
    napi_value value = nullptr;
    napi_get_boolean(env, boolean, &value);
    return value;
}

}  // namespace

/**
 * One call of a method: its arguments, and the wrap behind its receiver. False, with an exception pending, for a wrong
 * receiver.
 */
template <size_t kMaxArguments>
struct EngineWrap::Call : Arguments<kMaxArguments> {
    EngineWrap* wrap = nullptr;

    Call(napi_env env, napi_callback_info info) : Arguments<kMaxArguments>(env, info) {
        bool is_ours = false;
        void* data = nullptr;
        if (!this->is_valid || napi_check_object_type_tag(env, this->receiver, &kTypeTag, &is_ours) != napi_ok ||
            !is_ours || napi_unwrap(env, this->receiver, &data) != napi_ok) {
            Throw(env, "ERR_SOCKMAN_INVALID_ARG", "receiver: expected an Engine");
            return;
        }
        wrap = static_cast<EngineWrap*>(data);
    }

    explicit operator bool() const { return wrap != nullptr; }
    Engine* operator->() const { return wrap->m_engine.get(); }
};

/** One call of a bound method: it uses the engine it was bound to, whatever its receiver. */
template <size_t kMaxArguments>
struct EngineWrap::BoundCall : Arguments<kMaxArguments> {
    using Arguments<kMaxArguments>::Arguments;
    EngineWrap& Wrap() const { return *static_cast<EngineWrap*>(this->data); }
    Engine* operator->() const { return Wrap().m_engine.get(); }
};

EngineWrap* EngineWrap::BoundTo(napi_env env, napi_callback_info info) {
    void* data = nullptr;
    napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
    return static_cast<EngineWrap*>(data);
}

// ---- Life ----------------------------------------------------------------------------------------------------------

napi_value EngineWrap::Define(napi_env env) {
    const auto method = [](const char* name, napi_callback callback) {
        return napi_property_descriptor{name,   nullptr, callback, nullptr, nullptr, nullptr, napi_default_method,
                                        nullptr};
    };
    const napi_property_descriptor methods[] = {
        method("start", Start),
        method("stop", Stop),
        method("rest", Rest),
        method("destroy", Destroy),
        method("listen", Listen),
        method("connect", Connect),
        method("setAccepting", SetAccepting),
        method("drain", Drain),
        method("setResting", SetResting),
        method("sendMany", SendMany),
        method("shutdownSend", ShutdownSend),
        method("reset", Reset),
        method("countersOf", CountersOf),
        method("tcpInfoOf", TcpInfoOf),
    };
    napi_value constructor = nullptr;
    napi_define_class(env, "Engine", NAPI_AUTO_LENGTH, Construct, nullptr, std::size(methods), methods, &constructor);
    return constructor;
}

EngineWrap::EngineWrap(napi_env env, const HostLoop& host, uv_loop_t* loop)
    : m_env(env), m_batch_call(env), m_watch(host, loop, this) {}

EngineWrap::~EngineWrap() {
    Shut();
    for (napi_ref memory : m_memory) {
        if (memory != nullptr) napi_delete_reference(m_env, memory);
    }
}

// new Engine(records, slab, exchange, settings: Int32Array, poller: string)
napi_value EngineWrap::Construct(napi_env env, napi_callback_info info) {
    const Arguments<5> arguments(env, info);
    napi_value new_target = nullptr;
    napi_get_new_target(env, info, &new_target);
    // Without `new` the receiver would be any object, such as the global one.
    if (new_target == nullptr) return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "Engine: expected a call with new");
    const HostLoop* host = HostLoop::Get();
    uv_loop_t* loop = nullptr;
    if (!arguments.is_valid || host == nullptr || host->get_loop(env, &loop) != napi_ok) {
        return Throw(env, "ERR_SOCKMAN_BACKEND", "this host has no event loop that the addon can use");
    }
    const auto settings = ToArray<int32_t>(env, arguments.values[3]);
    if (settings.length != 6) return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "settings: expected 6 numbers");
    EngineOptions options;
    options.receive_chunk_bytes = static_cast<size_t>(settings.data[0]);
    options.accept_batch = settings.data[1];
    options.socket.no_delay = settings.data[2] != 0;
    options.socket.keep_alive_seconds = settings.data[3];
    options.socket.receive_buffer_bytes = settings.data[4];
    options.socket.send_buffer_bytes = settings.data[5];

    std::unique_ptr<EngineWrap> wrap(new EngineWrap(env, *host, loop));
    if (!wrap->HoldMemory(arguments.values[0], arguments.values[1], arguments.values[2], options.receive_chunk_bytes)) {
        return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "records, slab, exchange: wrong type or size");
    }
    Failure failure;
    wrap->m_engine = Engine::Make(options, arguments.Text(4), &wrap->m_watch, failure);
    if (wrap->m_engine == nullptr) {
        return Throw(env, "ERR_SOCKMAN_BACKEND", "no such poller here: " + arguments.Text(4));
    }
    const auto on_environment_end = [](napi_async_cleanup_hook_handle, void* data) {
        static_cast<EngineWrap*>(data)->Shut();
    };
    EngineWrap* const made = wrap.release();
    if (napi_add_async_cleanup_hook(env, on_environment_end, made, &made->m_cleanup) != napi_ok ||
        napi_type_tag_object(env, arguments.receiver, &kTypeTag) != napi_ok ||
        napi_wrap(env, arguments.receiver, made, nullptr, nullptr, nullptr) != napi_ok ||
        !made->OwnedBy(arguments.receiver) || !made->BindHotMethods(arguments.receiver)) {
        return nullptr;
    }
    napi_value poller = nullptr;
    napi_create_string_utf8(env, made->m_engine->PollerName(), NAPI_AUTO_LENGTH, &poller);
    napi_set_named_property(env, arguments.receiver, "poller", poller);
    return arguments.receiver;
}

bool EngineWrap::OwnedBy(napi_value object) {
    const auto finalize = [](napi_env, void* data, void*) {
        auto* wrap = static_cast<EngineWrap*>(data);
        if (--wrap->m_owner_count == 0) delete wrap;
    };
    if (napi_add_finalizer(m_env, object, this, finalize, nullptr, nullptr) != napi_ok) return false;
    m_owner_count++;
    return true;
}

bool EngineWrap::BindHotMethods(napi_value object) {
    return BindMethod(object, "send", Send) && BindMethod(object, "sendLent", SendLent) &&
           BindMethod(object, "receive", Receive) && BindMethod(object, "setReceiving", SetReceiving) &&
           BindMethod(object, "localAddress", LocalAddress) && BindMethod(object, "remoteAddress", RemoteAddress) &&
           BindMethod(object, "close", Close);
}

bool EngineWrap::BindMethod(napi_value object, const char* name, napi_callback method) {
    napi_value function;
    return napi_create_function(m_env, name, NAPI_AUTO_LENGTH, method, this, &function) == napi_ok &&
           OwnedBy(function) && napi_set_named_property(m_env, object, name, function) == napi_ok;
}

bool EngineWrap::HoldMemory(napi_value records, napi_value slab, napi_value exchange, size_t receive_chunk_bytes) {
    const auto record_words = ToArray<int32_t>(m_env, records);
    const auto slab_bytes = ToArray<uint8_t>(m_env, slab);
    const auto exchange_words = ToArray<int32_t>(m_env, exchange);
    if (record_words.length < size_t{kMaxRecords} * kRecordWords || exchange_words.length < kExchangeWords ||
        slab_bytes.length < Engine::SlabBytes(receive_chunk_bytes)) {
        return false;
    }
    m_records = record_words.data;
    m_slab = slab_bytes.data;
    m_slab_bytes = slab_bytes.length;
    m_exchange = exchange_words.data;
    const napi_value values[] = {records, slab, exchange};
    for (size_t index = 0; index < std::size(values); index++) {
        if (napi_create_reference(m_env, values[index], 1, &m_memory[index]) != napi_ok) return false;
    }
    return true;
}

// start(onBatch: (recordCount, isNewPass) => boolean)
napi_value EngineWrap::Start(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info);
    if (!call || call.wrap->m_is_started || call.wrap->m_is_shut) return nullptr;
    EngineWrap& wrap = *call.wrap;
    if (!wrap.m_batch_call.Hold(call.receiver, call.values[0])) return nullptr;
    wrap.m_is_started = true;
    const int status = wrap.m_watch.Start(wrap.m_engine->Descriptor());
    return ToNumber(env, status);
}

napi_value EngineWrap::Stop(napi_env env, napi_callback_info info) {
    const Call<0> call(env, info);
    if (call) call.wrap->StopWatch();
    return nullptr;
}

// rest(on: boolean)
napi_value EngineWrap::Rest(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info);
    if (!call) return nullptr;
    const bool on = call.Bool(0);
    call.wrap->m_watch.Rest(on);
    // Sockets that were still ready when the poller failed make no descriptor readable.
    if (!on && call->IsStillReady()) call.wrap->m_watch.CallInNextPass();
    return nullptr;
}

napi_value EngineWrap::Destroy(napi_env env, napi_callback_info info) {
    const Call<0> call(env, info);
    if (call) call.wrap->Shut();
    return nullptr;
}

void EngineWrap::StopWatch() {
    if (m_is_stopped) return;
    m_is_stopped = true;
    m_watch.Stop(nullptr);
    m_batch_call.Release();
    // The rest of the batch is dropped.
    if (std::exchange(m_unfinished_count, 0) > 0) m_engine->FinishBatch();
}

void EngineWrap::Shut() {
    if (std::exchange(m_is_shut, true)) return;
    // The loop must have released the poller's descriptor by then.
    StopWatch();
    if (m_engine != nullptr) m_engine->Destroy();
    // The environment waits for its loop until the hook is removed, which must come after the loop has released our handles.
    if (m_cleanup != nullptr) {
        m_watch.Stop([hook = m_cleanup] { napi_remove_async_cleanup_hook(hook); });
    }
}

void EngineWrap::OnReady() {
    bool is_new_pass = true;
    do {
        const int kept = std::exchange(m_unfinished_count, 0);
        const int record_count = kept > 0 ? kept : m_engine->Gather(m_records, m_slab, 0);
        // A failure of the poller is reported as well, and JavaScript lets it rest.
        const bool is_done = record_count == 0 || m_batch_call.Call(record_count, is_new_pass);
        if (record_count < 0) return;
        is_new_pass = is_new_pass && record_count == 0;
        if (!is_done && !m_is_stopped) {
            m_unfinished_count = record_count;
            m_watch.CallInNextPass();
            return;
        }
        m_engine->FinishBatch();
    } while (!m_is_stopped && m_engine->HasMore());
    if (m_engine->IsStillReady()) m_watch.CallInNextPass();
}

// ---- Sockets -------------------------------------------------------------------------------------------------------

napi_value EngineWrap::ToHandle(const OpenResult& result) {
    m_exchange[kFailedSyscall] = static_cast<int32_t>(result.failure.syscall);
    m_exchange[kFailedErrno] = result.failure.error;
    return ToNumber(m_env, result.handle);
}

// listen(packedAddress, backlog, reusePort, dualStack): handle
napi_value EngineWrap::Listen(napi_env env, napi_callback_info info) {
    const Call<4> call(env, info);
    if (!call) return nullptr;
    const auto packed = ToArray<uint8_t>(env, call.values[0]);
    SocketAddress at;
    if (!Unpack(packed.data, packed.length, at)) return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "at: not an address");
    return call.wrap->ToHandle(call->Listen(at, {call.Int(1), call.Bool(2), call.Bool(3)}));
}

// connect(packedAddress, packedLocalAddress | undefined): handle
napi_value EngineWrap::Connect(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info);
    if (!call) return nullptr;
    const auto packed = ToArray<uint8_t>(env, call.values[0]);
    const auto packed_local = ToArray<uint8_t>(env, call.values[1]);
    SocketAddress to;
    SocketAddress local;
    if (!Unpack(packed.data, packed.length, to) ||
        (packed_local.length > 0 && !Unpack(packed_local.data, packed_local.length, local))) {
        return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "to: not an address");
    }
    return call.wrap->ToHandle(call->Connect(to, local));
}

napi_value EngineWrap::SetAccepting(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info);
    if (call) call->SetAccepting(call.Int(0), call.Bool(1));
    return nullptr;
}

// drain(listener)
napi_value EngineWrap::Drain(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info);
    if (call) call->Drain(call.Int(0));
    return nullptr;
}

napi_value EngineWrap::SetResting(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info);
    if (call) call->SetResting(call.Int(0), call.Bool(1));
    return nullptr;
}

napi_value EngineWrap::SetReceiving(napi_env env, napi_callback_info info) {
    const BoundCall<2> call(env, info);
    call->SetReceiving(call.Int(0), call.Bool(1));
    return nullptr;
}

// send(handle, data, willSendMore): bytes or -errno; undefined for all
napi_value EngineWrap::Send(napi_env env, napi_callback_info info) {
    const BoundCall<3> call(env, info);
    const auto bytes = ToBytes(env, call.values[1]);
    return ToSent(env, call->Send(call.Int(0), bytes.data, bytes.length, call.Bool(2)), bytes.length);
}

// sendLent(), of handle, offset and length in the exchange: bytes or -errno; undefined for all
napi_value EngineWrap::SendLent(napi_env env, napi_callback_info info) {
    EngineWrap* const wrap = BoundTo(env, info);
    if (wrap == nullptr) return nullptr;
    const auto offset = static_cast<size_t>(wrap->m_exchange[kOffset]);
    const auto length = static_cast<size_t>(wrap->m_exchange[kLength]);
    if (offset > wrap->m_slab_bytes || length > wrap->m_slab_bytes - offset) {
        return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "offset, length: not in the slab");
    }
    return ToSent(env, wrap->m_engine->Send(wrap->m_exchange[kHandle], wrap->m_slab + offset, length, false), length);
}

// sendMany(handles, count, data, willSendMore, results)
napi_value EngineWrap::SendMany(napi_env env, napi_callback_info info) {
    const Call<5> call(env, info);
    if (!call) return nullptr;
    const auto handles = ToArray<int32_t>(env, call.values[0]);
    const auto data = ToArray<uint8_t>(env, call.values[2]);
    const auto results = ToArray<int32_t>(env, call.values[4]);
    const auto count = static_cast<size_t>(call.Int(1));
    if (count > handles.length || count > results.length) {
        return Throw(env, "ERR_SOCKMAN_INVALID_ARG", "count: more than there are handles or results");
    }
    call->SendMany(handles.data, count, data.data, data.length, call.Bool(3), results.data);
    return nullptr;
}

// receive(handle): bytes, 0 for EOF, or -errno
napi_value EngineWrap::Receive(napi_env env, napi_callback_info info) {
    const BoundCall<1> call(env, info);
    const ssize_t received = call->Receive(call.Int(0), call.Wrap().m_slab);
    // Outside a batch nothing else would come back for the rest.
    if (call->IsStillReady()) call.Wrap().m_watch.CallInNextPass();
    return ToNumber(env, static_cast<int32_t>(received));
}

napi_value EngineWrap::ShutdownSend(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info);
    return call ? ToNumber(env, call->ShutdownSend(call.Int(0))) : nullptr;
}

napi_value EngineWrap::Close(napi_env env, napi_callback_info info) {
    const BoundCall<1> call(env, info);
    call->Close(call.Int(0));
    return nullptr;
}

napi_value EngineWrap::Reset(napi_env env, napi_callback_info info) {
    const Call<1> call(env, info);
    if (call) call->Reset(call.Int(0));
    return nullptr;
}

napi_value EngineWrap::LocalAddress(napi_env env, napi_callback_info info) {
    if (EngineWrap* const wrap = BoundTo(env, info)) wrap->PackAddress(End::Local);
    return nullptr;
}

napi_value EngineWrap::RemoteAddress(napi_env env, napi_callback_info info) {
    if (EngineWrap* const wrap = BoundTo(env, info)) wrap->PackAddress(End::Remote);
    return nullptr;
}

void EngineWrap::PackAddress(End end) {
    auto* const packed = reinterpret_cast<uint8_t*>(m_exchange + kPackedAddress);
    m_exchange[kLength] = static_cast<int32_t>(m_engine->AddressOf(m_exchange[kHandle], end, packed));
}

// countersOf(handle, out: Float64Array(5)): boolean
napi_value EngineWrap::CountersOf(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info);
    if (!call) return nullptr;
    const auto out = ToArray<double>(env, call.values[1]);
    SocketCounters counters;
    if (out.length < 5 || !call->CountersOf(call.Int(0), counters)) return ToBoolean(env, false);
    out.data[0] = static_cast<double>(counters.received_bytes);
    out.data[1] = static_cast<double>(counters.sent_bytes);
    out.data[2] = counters.created_at_ms;
    out.data[3] = counters.last_send_at_ms;
    out.data[4] = counters.last_receive_at_ms;
    return ToBoolean(env, true);
}

// tcpInfoOf(handle, out: Float64Array(5)): boolean
napi_value EngineWrap::TcpInfoOf(napi_env env, napi_callback_info info) {
    const Call<2> call(env, info);
    if (!call) return nullptr;
    const auto out = ToArray<double>(env, call.values[1]);
    TcpInfo tcp;
    if (out.length < 5 || !call->TcpInfoOf(call.Int(0), tcp)) return ToBoolean(env, false);
    out.data[0] = tcp.round_trip_ms;
    out.data[1] = tcp.round_trip_variance_ms;
    out.data[2] = tcp.retransmitted_segments;
    out.data[3] = tcp.unsent_bytes;
    out.data[4] = tcp.send_congestion_window_segments;
    return ToBoolean(env, true);
}

}  // namespace sockman
