// Readers of JavaScript arguments. The TypeScript side checks what users pass; these only prevent a wrong value from being
// read as memory.

#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace sockman {

/** Receiver, arguments and the function's own data of one call. */
template <size_t kMaxArguments>
struct Arguments {
    napi_env env;
    napi_value receiver = nullptr;
    void* data = nullptr;
    napi_value values[kMaxArguments] = {};
    bool is_valid;

    Arguments(napi_env environment, napi_callback_info info) : env(environment) {
        size_t count = kMaxArguments;
        is_valid = napi_get_cb_info(env, info, &count, values, &receiver, &data) == napi_ok;
    }

    int32_t Int(size_t index) const {
        int32_t value = 0;
        napi_get_value_int32(env, values[index], &value);
        return value;
    }

    bool Bool(size_t index) const {
        bool value = false;
        napi_get_value_bool(env, values[index], &value);
        return value;
    }

    std::string Text(size_t index) const {
        char text[32];
        size_t length = 0;
        if (napi_get_value_string_utf8(env, values[index], text, sizeof text, &length) != napi_ok) length = 0;
        return std::string(text, length);
    }
};

/** The elements of a typed array; `data` is valid until control returns to JavaScript. */
template <typename Element>
struct ArrayView {
    Element* data = nullptr;
    size_t length = 0;
};

template <typename Element>
inline constexpr napi_typedarray_type kArrayType = napi_uint8_array;
template <>
inline constexpr napi_typedarray_type kArrayType<int32_t> = napi_int32_array;
template <>
inline constexpr napi_typedarray_type kArrayType<double> = napi_float64_array;

/** Empty if the value is not an array of this type, or its buffer is detached. */
template <typename Element>
ArrayView<Element> ToArray(napi_env env, napi_value value) {
    ArrayView<Element> view;
    napi_typedarray_type type;
    void* data = nullptr;
    size_t length = 0;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) return view;
    if (type != kArrayType<Element> || data == nullptr) return view;
    view.data = static_cast<Element*>(data);
    view.length = length;
    return view;
}

/** The bytes of any view. Cheaper than `ToArray`, which compares the type of its elements one by one. */
inline ArrayView<const uint8_t> ToBytes(napi_env env, napi_value value) {
    ArrayView<const uint8_t> view;
    bool is_view = false;
    void* data = nullptr;
    if (napi_is_buffer(env, value, &is_view) == napi_ok && is_view &&
        napi_get_buffer_info(env, value, &data, &view.length) == napi_ok) {
        view.data = static_cast<const uint8_t*>(data);
    }
    return view;
}

}  // namespace sockman
