#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include "support.h"

namespace sockman::test {

namespace {

std::vector<uint8_t> Packed(AddressKind kind, uint16_t port, uint32_t scope_id, std::string_view body) {
    const auto byte = [](uint32_t value, int shift) { return static_cast<char>(value >> shift); };
    std::string packed;
    packed += static_cast<char>(kind);
    packed += {byte(port, 8), byte(port, 0)};
    packed += {byte(scope_id, 24), byte(scope_id, 16), byte(scope_id, 8), byte(scope_id, 0)};
    packed += body;
    return {packed.begin(), packed.end()};
}

bool CanUnpack(const std::vector<uint8_t>& packed) {
    SocketAddress address;
    return Unpack(packed.data(), packed.size(), address);
}

std::vector<uint8_t> RoundTrip(const std::vector<uint8_t>& packed) {
    SocketAddress address;
    REQUIRE(Unpack(packed.data(), packed.size(), address));
    std::vector<uint8_t> again(kMaxPackedBytes);
    again.resize(Pack(address, again.data()));
    return again;
}

constexpr std::string_view kSixteen("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);

}  // namespace

TEST_CASE("a packed address survives the way through the kernel's form, at the ends of every range") {
    for (const uint16_t port : {uint16_t{0}, uint16_t{1}, uint16_t{8333}, uint16_t{65535}}) {
        for (const std::string_view body : {std::string_view("\0\0\0\0", 4), std::string_view("\xff\xff\xff\xff", 4)}) {
            const auto packed = Packed(AddressKind::IPv4, port, 0, body);
            CHECK(RoundTrip(packed) == packed);
        }
        for (const uint32_t scope_id : {0U, 1U, 0x80000000U, UINT32_MAX}) {
            const auto packed = Packed(AddressKind::IPv6, port, scope_id, kSixteen);
            CHECK(RoundTrip(packed) == packed);
        }
    }
}

TEST_CASE("the kernel's form has the bytes where the kernel looks for them") {
    const SocketAddress four = IPv4("192.0.2.7", 8333);
    const auto* in = reinterpret_cast<const sockaddr_in*>(four.Get());
    CHECK(four.length == sizeof(sockaddr_in));
    CHECK(in->sin_family == AF_INET);
    CHECK(ntohs(in->sin_port) == 8333);
    CHECK(ntohl(in->sin_addr.s_addr) == 0xc0000207);

    const SocketAddress six = IPv6("fe80::1", 80);
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(six.Get());
    CHECK(six.length == sizeof(sockaddr_in6));
    CHECK(in6->sin6_family == AF_INET6);
    CHECK(ntohs(in6->sin6_port) == 80);
    CHECK(in6->sin6_addr.s6_addr[0] == 0xfe);
    CHECK(in6->sin6_addr.s6_addr[15] == 1);
}

TEST_CASE("an IP address of any other length is refused") {
    for (size_t bytes = 0; bytes <= 20; ++bytes) {
        const std::string body(bytes, '\x01');
        CHECK(CanUnpack(Packed(AddressKind::IPv4, 1, 0, body)) == (bytes == 4));
        CHECK(CanUnpack(Packed(AddressKind::IPv6, 1, 0, body)) == (bytes == 16));
    }
}

TEST_CASE("a path may have 1 to 107 bytes, none of them zero") {
    for (const size_t bytes : {size_t{1}, size_t{2}, kMaxUnixPathBytes - 1, kMaxUnixPathBytes}) {
        const auto packed = Packed(AddressKind::Unix, 0, 0, std::string(bytes, 'p'));
        CHECK(RoundTrip(packed) == packed);
    }
    CHECK_FALSE(CanUnpack(Packed(AddressKind::Unix, 0, 0, "")));
    CHECK_FALSE(CanUnpack(Packed(AddressKind::Unix, 0, 0, std::string(kMaxUnixPathBytes + 1, 'p'))));
    CHECK_FALSE(CanUnpack(Packed(AddressKind::Unix, 0, 0, std::string_view("\0abstract", 9))));
    CHECK_FALSE(CanUnpack(Packed(AddressKind::Unix, 0, 0, std::string_view("a\0b", 3))));
    CHECK_FALSE(CanUnpack(Packed(AddressKind::Unix, 0, 0, std::string_view("a\0", 2))));
}

TEST_CASE("an unknown kind and a cut header are refused") {
    for (int kind = 0; kind < 256; ++kind) {
        if (kind == 1 || kind == 4 || kind == 6) continue;
        CHECK_FALSE(CanUnpack(Packed(static_cast<AddressKind>(kind), 1, 0, "\x7f\x01\x01\x01")));
    }
    const auto whole = Packed(AddressKind::IPv4, 1, 0, "\x7f\x01\x01\x01");
    for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
        CHECK_FALSE(CanUnpack({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)}));
    }
}

TEST_CASE("an end without a name packs to nothing") {
    uint8_t packed[kMaxPackedBytes];
    CHECK(Pack(SocketAddress{}, packed) == 0);

    SocketAddress unnamed;
    unnamed.storage.ss_family = AF_UNIX;
    unnamed.length = offsetof(sockaddr_un, sun_path);
    CHECK(Pack(unnamed, packed) == 0);

    SocketAddress abstract = unnamed;
    std::memcpy(reinterpret_cast<sockaddr_un*>(abstract.Get())->sun_path, "\0name", 5);
    abstract.length = offsetof(sockaddr_un, sun_path) + 5;
    CHECK(Pack(abstract, packed) == 0);
}

TEST_CASE("a path from the kernel without a terminator is read to its end and no further") {
    SocketAddress address;
    address.storage.ss_family = AF_UNIX;
    auto* un = reinterpret_cast<sockaddr_un*>(address.Get());
    std::memset(un->sun_path, 'p', sizeof un->sun_path);
    uint8_t packed[kMaxPackedBytes];
    address.length = offsetof(sockaddr_un, sun_path) + 3;
    CHECK(Pack(address, packed) == kPackedHeaderBytes + 3);
    address.length = offsetof(sockaddr_un, sun_path) + kMaxUnixPathBytes;
    CHECK(Pack(address, packed) == kMaxPackedBytes);
    // Linux lets a path fill the array; the packed form could not dial it back.
    address.length = offsetof(sockaddr_un, sun_path) + kMaxUnixPathBytes + 1;
    CHECK(Pack(address, packed) == 0);
}

TEST_CASE("the compact form keeps an IP address and forgets a path") {
    for (const SocketAddress& address : {IPv4("10.0.0.1", 1), IPv6("2001:db8::1", 2)}) {
        const SocketAddress again = Expand(Compact(address));
        REQUIRE(again.length == address.length);
        CHECK(std::memcmp(again.Get(), address.Get(), address.length) == 0);
    }
    CHECK(Compact(UnixPath("/tmp/x")).kind == AddressKind::Unix);
    CHECK(Expand(Compact(UnixPath("/tmp/x"))).length == 0);
    CHECK(Compact(SocketAddress{}).kind == AddressKind::None);
    CHECK(sizeof(Address) == 24);
}

}  // namespace sockman::test
