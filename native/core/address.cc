#include "core/address.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

namespace sockman {

namespace {

// Offsets in the packed form; see the table in address.h.
constexpr size_t kPortOffset = 1;
constexpr size_t kScopeOffset = 3;

void PutBigEndian(uint8_t* to, uint32_t value, size_t bytes) {
    for (size_t i = bytes; i-- > 0; value >>= 8) to[i] = static_cast<uint8_t>(value);
}

uint32_t GetBigEndian(const uint8_t* from, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = (value << 8) | from[i];
    return value;
}

SocketAddress UnixSocketAddress(const uint8_t* path, size_t path_bytes) {
    SocketAddress to;
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, path, path_bytes);
    std::memcpy(&to.storage, &un, sizeof un);
    to.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_bytes + 1);
    return to;
}

}  // namespace

const char* SocketAddress::UnixPath() const {
    // The kernel omits the path of an unnamed socket, and begins that of an abstract one with 0.
    if (Family() != AF_UNIX || length <= offsetof(sockaddr_un, sun_path)) return nullptr;
    const char* path = reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
    return path[0] == '\0' ? nullptr : path;
}

Address Compact(const SocketAddress& from) {
    Address to;
    switch (from.Family()) {
        case AF_INET: {
            const auto* in = reinterpret_cast<const sockaddr_in*>(&from.storage);
            to.kind = AddressKind::IPv4;
            to.port = ntohs(in->sin_port);
            std::memcpy(to.bytes.data(), &in->sin_addr, sizeof in->sin_addr);
            break;
        }
        case AF_INET6: {
            const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&from.storage);
            to.kind = AddressKind::IPv6;
            to.port = ntohs(in6->sin6_port);
            to.scope_id = in6->sin6_scope_id;
            std::memcpy(to.bytes.data(), &in6->sin6_addr, sizeof in6->sin6_addr);
            break;
        }
        case AF_UNIX:
            to.kind = AddressKind::Unix;
            break;
        default:
            break;
    }
    return to;
}

bool IsUnspecified(const Address& address) {
    return (address.kind == AddressKind::IPv4 || address.kind == AddressKind::IPv6) && address.bytes == Address{}.bytes;
}

SocketAddress Expand(const Address& from) {
    SocketAddress to;
    if (from.kind == AddressKind::IPv4) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = htons(from.port);
        std::memcpy(&in.sin_addr, from.bytes.data(), sizeof in.sin_addr);
        std::memcpy(&to.storage, &in, sizeof in);
        to.length = sizeof in;
    } else if (from.kind == AddressKind::IPv6) {
        sockaddr_in6 in6{};
        in6.sin6_family = AF_INET6;
        in6.sin6_port = htons(from.port);
        in6.sin6_scope_id = from.scope_id;
        std::memcpy(&in6.sin6_addr, from.bytes.data(), sizeof in6.sin6_addr);
        std::memcpy(&to.storage, &in6, sizeof in6);
        to.length = sizeof in6;
    }
    return to;
}

bool Unpack(const uint8_t* packed, size_t packed_bytes, SocketAddress& to) {
    if (packed_bytes <= kPackedHeaderBytes) return false;
    const uint8_t* body = packed + kPackedHeaderBytes;
    const size_t body_bytes = packed_bytes - kPackedHeaderBytes;
    Address address;
    address.kind = static_cast<AddressKind>(packed[0]);
    switch (address.kind) {
        case AddressKind::Unix:
            if (body_bytes >= sizeof(sockaddr_un::sun_path)) return false;
            if (std::memchr(body, 0, body_bytes) != nullptr) return false;
            to = UnixSocketAddress(body, body_bytes);
            return true;
        case AddressKind::IPv4:
            if (body_bytes != sizeof(in_addr)) return false;
            break;
        case AddressKind::IPv6:
            if (body_bytes != sizeof(in6_addr)) return false;
            break;
        default:
            return false;
    }
    address.port = static_cast<uint16_t>(GetBigEndian(packed + kPortOffset, 2));
    address.scope_id = GetBigEndian(packed + kScopeOffset, 4);
    std::memcpy(address.bytes.data(), body, body_bytes);
    to = Expand(address);
    return true;
}

size_t Pack(const SocketAddress& from, uint8_t* packed) {
    const Address address = Compact(from);
    const void* body = address.bytes.data();
    size_t body_bytes = 0;
    switch (address.kind) {
        case AddressKind::None:
            return 0;
        case AddressKind::Unix:
            body = from.UnixPath();
            if (body == nullptr) return 0;
            // A path that fills `sun_path` has no terminator.
            body_bytes = strnlen(from.UnixPath(), from.length - offsetof(sockaddr_un, sun_path));
            if (body_bytes > kMaxUnixPathBytes) return 0;
            break;
        case AddressKind::IPv4:
            body_bytes = sizeof(in_addr);
            break;
        case AddressKind::IPv6:
            body_bytes = sizeof(in6_addr);
            break;
    }
    packed[0] = static_cast<uint8_t>(address.kind);
    PutBigEndian(packed + kPortOffset, address.port, 2);
    PutBigEndian(packed + kScopeOffset, address.scope_id, 4);
    std::memcpy(packed + kPackedHeaderBytes, body, body_bytes);
    return kPackedHeaderBytes + body_bytes;
}

}  // namespace sockman
