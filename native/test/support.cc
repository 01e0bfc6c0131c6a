#include "support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace sockman::test {

namespace {

SocketAddress FromText(AddressKind kind, int family, const char* text, uint16_t port) {
    Address address{.kind = kind};
    address.port = port;
    REQUIRE(inet_pton(family, text, address.bytes.data()) == 1);
    return Expand(address);
}

}  // namespace

SocketAddress IPv4(const char* text, uint16_t port) { return FromText(AddressKind::IPv4, AF_INET, text, port); }
SocketAddress IPv6(const char* text, uint16_t port) { return FromText(AddressKind::IPv6, AF_INET6, text, port); }

SocketAddress UnixPath(const std::string& path) {
    std::vector<uint8_t> packed(kPackedHeaderBytes);
    packed[0] = static_cast<uint8_t>(AddressKind::Unix);
    packed.insert(packed.end(), path.begin(), path.end());
    SocketAddress address;
    REQUIRE(Unpack(packed.data(), packed.size(), address));
    return address;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "sockman-test-XXXXXX";
    REQUIRE(mkdtemp(path.data()) != nullptr);
    m_path = path;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

// --- Peer ---

Peer Peer::Dial(const SocketAddress& to) {
    Peer peer(socket(to.Family(), SOCK_STREAM, 0));
    REQUIRE(peer.m_fd >= 0);
    const timeval deadline{kDeadlineMs / 1000, 0};
    REQUIRE(setsockopt(peer.m_fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) == 0);
    REQUIRE(connect(peer.m_fd, to.Get(), to.length) == 0);
    return peer;
}

Peer Peer::ListenOn(const SocketAddress& at, int backlog) {
    Peer peer(socket(at.Family(), SOCK_STREAM, 0));
    REQUIRE(peer.m_fd >= 0);
    REQUIRE(bind(peer.m_fd, at.Get(), at.length) == 0);
    REQUIRE(listen(peer.m_fd, backlog) == 0);
    return peer;
}

Peer Peer::Accept() {
    pollfd ready{m_fd, POLLIN, 0};
    REQUIRE(poll(&ready, 1, kDeadlineMs) == 1);
    Peer peer(accept(m_fd, nullptr, nullptr));
    REQUIRE(peer.m_fd >= 0);
    const timeval deadline{kDeadlineMs / 1000, 0};
    REQUIRE(setsockopt(peer.m_fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) == 0);
    return peer;
}

SocketAddress Peer::Local() const {
    SocketAddress address;
    REQUIRE(sys::LocalAddress(m_fd, address) == 0);
    return address;
}

void Peer::Send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(m_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        REQUIRE(sent > 0);
        bytes.remove_prefix(static_cast<size_t>(sent));
    }
}

std::string Peer::Receive(size_t bytes) {
    std::string received(bytes, '\0');
    size_t have = 0;
    while (have < bytes) {
        const ssize_t count = recv(m_fd, received.data() + have, bytes - have, 0);
        REQUIRE(count >= 0);
        if (count == 0) break;
        have += static_cast<size_t>(count);
    }
    received.resize(have);
    return received;
}

int Peer::ReceiveStatus() {
    char byte;
    const ssize_t count = recv(m_fd, &byte, 1, 0);
    return count < 0 ? -errno : static_cast<int>(count);
}

void Peer::ShutdownSend() { REQUIRE(shutdown(m_fd, SHUT_WR) == 0); }

void Peer::Close() {
    if (m_fd >= 0) close(std::exchange(m_fd, -1));
}

void Peer::Reset() {
    REQUIRE(sys::SetResetOnClose(m_fd) == 0);
    Close();
}

// --- World ---

TalkativePoller::TalkativePoller(const char* name) {
    int error = 0;
    m_real = MakePoller(name, error);
    REQUIRE(m_real != nullptr);
}

int TalkativePoller::SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) {
    if (refuses && to != kInterestNone) return -ENOSPC;
    changes.push_back(to);
    return m_real->SetInterest(fd, token, from, to);
}

namespace {

std::unique_ptr<Engine> MakeEngine(const char* poller, const EngineOptions& options) {
    Failure failure;
    std::unique_ptr<Engine> engine = Engine::Make(options, poller, nullptr, failure);
    REQUIRE(engine != nullptr);
    return engine;
}

}  // namespace

World::World(const char* poller, const EngineOptions& options) : World(MakeEngine(poller, options)) {}

World::World(std::unique_ptr<Poller> poller, InterestObserver* observer, const EngineOptions& options)
    : World(std::make_unique<Engine>(options, std::move(poller), observer)) {}

World::World(std::unique_ptr<Engine> engine)
    : slab(engine->DeferredOffset() / 2 * 3), m_engine(std::move(engine)), m_records(kMaxRecords * kRecordWords) {}

std::vector<Record> World::Turn(int timeout_ms) {
    const int count = m_engine->Gather(m_records.data(), slab.data(), timeout_ms);
    REQUIRE(count >= 0);
    REQUIRE(count <= kMaxRecords);
    std::vector<Record> records;
    for (int i = 0; i < count; ++i) {
        const int32_t* word = &m_records[static_cast<size_t>(i * kRecordWords)];
        Record record{word[0], word[1], word[2], word[3], {}};
        if ((record.flags & kData) != 0) {
            REQUIRE(record.b >= 1);
            REQUIRE(record.a >= 0);
            REQUIRE(static_cast<size_t>(record.a) + static_cast<size_t>(record.b) <= m_engine->DeferredOffset());
            record.data.assign(reinterpret_cast<const char*>(slab.data()) + record.a, static_cast<size_t>(record.b));
        }
        records.push_back(std::move(record));
    }
    m_engine->FinishBatch();
    return records;
}

Record World::Await(int32_t flag, Handle handle) {
    const double deadline = sys::MonotonicMs() + kDeadlineMs;
    while (true) {
        while (!m_pending.empty()) {
            Record record = std::move(m_pending.front());
            m_pending.pop_front();
            if ((record.flags & flag) != 0 && (handle == kNoHandle || record.handle == handle)) return record;
        }
        REQUIRE(sys::MonotonicMs() < deadline);
        for (Record& record : Turn(100)) m_pending.push_back(std::move(record));
    }
}

std::string World::AwaitBytes(Handle handle, size_t bytes) {
    std::string received;
    while (received.size() < bytes) received += Await(kData, handle).data;
    return received;
}

std::vector<Record> World::Settle() {
    auto [marker, peer] = Accepted();
    peer.Send("!");
    const double deadline = sys::MonotonicMs() + kDeadlineMs;
    std::vector<Record> others(m_pending.begin(), m_pending.end());
    m_pending.clear();
    for (bool is_over = false; !is_over;) {
        REQUIRE(sys::MonotonicMs() < deadline);
        for (Record& record : Turn(100)) {
            if (record.handle == marker) {
                is_over = true;
            } else {
                others.push_back(std::move(record));
            }
        }
    }
    m_engine->Close(marker);
    return others;
}

Handle World::Listen(const SocketAddress& at, const ListenOptions& options) {
    const OpenResult result = m_engine->Listen(at, options);
    CAPTURE(SyscallName(result.failure.syscall));
    REQUIRE(result.failure.error == 0);
    REQUIRE(result.handle != kNoHandle);
    return result.handle;
}

SocketAddress World::AddressOf(Handle handle, End end) {
    uint8_t packed[kMaxPackedBytes];
    const size_t bytes = m_engine->AddressOf(handle, end, packed);
    SocketAddress address;
    if (bytes > 0) REQUIRE(Unpack(packed, bytes, address));
    return address;
}

SocketAddress World::Local(Handle handle) { return AddressOf(handle, End::Local); }
SocketAddress World::Remote(Handle handle) { return AddressOf(handle, End::Remote); }

std::pair<Handle, Peer> World::Accepted() {
    if (m_listener == kNoHandle) m_listener = Listen(IPv4("127.0.0.1", 0));
    Peer peer = Peer::Dial(Local(m_listener));
    // Records of other sockets that arrive meanwhile are kept for the next wait.
    const double deadline = sys::MonotonicMs() + kDeadlineMs;
    while (true) {
        REQUIRE(sys::MonotonicMs() < deadline);
        Handle accepted = kNoHandle;
        for (Record& record : Turn(100)) {
            if (record.flags == kAccepted && record.a == m_listener) {
                accepted = record.handle;
            } else {
                m_pending.push_back(std::move(record));
            }
        }
        if (accepted != kNoHandle) return {accepted, std::move(peer)};
    }
}

size_t FillSendBuffer(World& world, Handle handle) {
    const std::string data(256 * 1024, 'f');
    size_t total = 0;
    while (true) {
        const ssize_t sent = world->Send(handle, data.data(), data.size(), false);
        REQUIRE(sent >= 0);
        total += static_cast<size_t>(sent);
        if (static_cast<size_t>(sent) < data.size()) return total;
    }
}

OpenBatch::OpenBatch(World& world) : m_world(world), m_words(kMaxRecords * kRecordWords) {
    m_count = world->Gather(m_words.data(), world.slab.data(), kDeadlineMs);
    REQUIRE(m_count >= 0);
}

namespace {

constexpr int kHighestDescriptor = 4096;

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

}  // namespace

size_t OpenDescriptorCount() {
    size_t count = 0;
    for (int fd = 0; fd < kHighestDescriptor; ++fd) count += IsOpen(fd) ? 1 : 0;
    return count;
}

size_t OpenInternetSocketCount() {
    size_t count = 0;
    for (int fd = 0; fd < kHighestDescriptor; ++fd) {
        SocketAddress address;
        const bool is_socket = sys::LocalAddress(fd, address) == 0;
        count += is_socket && (address.Family() == AF_INET || address.Family() == AF_INET6) ? 1 : 0;
    }
    return count;
}

std::vector<const char*> TestPollers() {
    if (const char* only = std::getenv("SOCKMAN_TEST_POLLER"); only != nullptr) return {only};
    return {PollerNames().begin(), PollerNames().end()};
}

DescriptorLimit::DescriptorLimit(unsigned spare) {
    // The limit applies to the number of a new descriptor: the gaps below it are filled first.
    int highest = kHighestDescriptor;
    while (!IsOpen(highest)) --highest;
    int filler;
    while ((filler = dup(highest)) < highest) m_fillers.push_back(filler);
    close(filler);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &m_before) == 0);
    const rlimit lowered{static_cast<rlim_t>(highest) + 1 + spare, m_before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &lowered) == 0);
}

DescriptorLimit::~DescriptorLimit() {
    setrlimit(RLIMIT_NOFILE, &m_before);
    for (const int filler : m_fillers) close(filler);
}

}  // namespace sockman::test
