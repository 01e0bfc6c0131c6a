#include "binding/batch_call.h"

namespace sockman {

bool BatchCall::Hold(napi_value receiver, napi_value function) {
    napi_value name;
    return napi_create_string_utf8(m_env, "SockMan", NAPI_AUTO_LENGTH, &name) == napi_ok &&
           napi_async_init(m_env, receiver, name, &m_context) == napi_ok &&
           napi_create_reference(m_env, receiver, 1, &m_receiver) == napi_ok &&
           napi_create_reference(m_env, function, 1, &m_function) == napi_ok;
}

void BatchCall::Release() {
    if (m_receiver != nullptr) napi_delete_reference(m_env, m_receiver);
    if (m_function != nullptr) napi_delete_reference(m_env, m_function);
    if (m_context != nullptr) napi_async_destroy(m_env, m_context);
    m_receiver = nullptr;
    m_function = nullptr;
    m_context = nullptr;
}

bool BatchCall::Call(int record_count, bool is_new_pass) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(m_env, &scope) != napi_ok) return true;
    napi_value receiver;
    napi_value function;
    napi_value arguments[2];
    napi_value result = nullptr;
    bool is_done = true;
    if (napi_get_reference_value(m_env, m_receiver, &receiver) == napi_ok &&
        napi_get_reference_value(m_env, m_function, &function) == napi_ok &&
        napi_create_int32(m_env, record_count, &arguments[0]) == napi_ok &&
        napi_get_boolean(m_env, is_new_pass, &arguments[1]) == napi_ok &&
        napi_make_callback(m_env, m_context, receiver, function, 2, arguments, &result) != napi_ok) {
        // Without a pending exception the environment is shutting down, and there is nothing to report.
        bool is_thrown = false;
        napi_value thrown;
        if (napi_is_exception_pending(m_env, &is_thrown) == napi_ok && is_thrown &&
            napi_get_and_clear_last_exception(m_env, &thrown) == napi_ok) {
            napi_fatal_exception(m_env, thrown);
        }
    }
    if (result != nullptr && napi_get_value_bool(m_env, result, &is_done) != napi_ok) is_done = true;
    napi_close_handle_scope(m_env, scope);
    return is_done;
}

}  // namespace sockman
