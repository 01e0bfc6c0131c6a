// Socket addresses in three forms: the kernel's (`SocketAddress`), the table's for each connection (`Address`), and the
// bytes that cross into JavaScript (packed). Neither resolves names nor prints.
//
// The packed form, all numbers big-endian:
//
//   offset  bytes  meaning
//   0       1      kind: 1 Unix-domain path, 4 IPv4, 6 IPv6
//   1       2      port; 0 for a path
//   3       4      IPv6 scope id; 0 for the others
//   7       4, 16  address, or the path without a terminator: 1 to 107 bytes, none of them 0
//
// An IPv4 peer of a dual-stack listener is an IPv6 address here, ::ffff:a.b.c.d, as the kernel has it.

#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace sockman {

enum class AddressKind : uint8_t { None = 0, Unix = 1, IPv4 = 4, IPv6 = 6 };

/** Bytes before the address proper in the packed form. */
inline constexpr size_t kPackedHeaderBytes = 7;
/** Longest path of a Unix-domain socket, without terminator (Linux; the BSDs have four bytes less). */
inline constexpr size_t kMaxUnixPathBytes = 107;
/** Size that holds any packed address. */
inline constexpr size_t kMaxPackedBytes = kPackedHeaderBytes + kMaxUnixPathBytes;

/** An address in the kernel's form. Empty (`length == 0`) if there is none. */
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    int Family() const { return length == 0 ? AF_UNSPEC : storage.ss_family; }
    const sockaddr* Get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* Get() { return reinterpret_cast<sockaddr*>(&storage); }
    /** The path of a Unix-domain address; nullptr for any other, and for an unnamed one. */
    const char* UnixPath() const;
};

/** The remote end of one connection, small enough to keep for each. A path is stored as its family only. */
struct Address {
    std::array<uint8_t, 16> bytes{};
    uint32_t scope_id = 0;
    uint16_t port = 0;
    AddressKind kind = AddressKind::None;
};

Address Compact(const SocketAddress& from);

/** Whether it is 0.0.0.0 or ::, with any port. */
bool IsUnspecified(const Address& address);

/** The inverse of `Compact`. Empty for a Unix-domain address, whose path only the kernel knows. */
SocketAddress Expand(const Address& from);

/**
 * Reads the packed form.
 * @return False if the bytes are not an address: unknown kind, wrong length, a path too long for this platform or with a
 * zero byte in it.
 */
bool Unpack(const uint8_t* packed, size_t packed_bytes, SocketAddress& to);

/**
 * Writes the packed form to `packed`, which has room for `kMaxPackedBytes`.
 * @return Bytes written; 0 for an unnamed address (an unbound or abstract Unix-domain socket).
 */
size_t Pack(const SocketAddress& from, uint8_t* packed);

}  // namespace sockman
