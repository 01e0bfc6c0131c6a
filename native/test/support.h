// Helpers of the tests: a plain socket that plays the peer, and an engine whose records are easy to await.

#pragma once

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine.h"

namespace sockman::test {

/** Time limit of each wait of a test, in milliseconds. */
inline constexpr int kDeadlineMs = 10'000;

/** Addresses such as 127.0.0.1 and ::1, as the packed form gives them. */
SocketAddress IPv4(const char* text, uint16_t port);
SocketAddress IPv6(const char* text, uint16_t port);
SocketAddress UnixPath(const std::string& path);

/** A new directory, removed at the end with everything in it. */
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    std::string Path(const char* name) const { return m_path + "/" + name; }

private:
    std::string m_path;
};

/** A blocking socket of the plain API: the other end of the engine's connections. Any surprise fails the test. */
class Peer {
public:
    explicit Peer(int fd) : m_fd(fd) {}
    Peer(Peer&& from) noexcept : m_fd(std::exchange(from.m_fd, -1)) {}
    ~Peer() { Close(); }

    static Peer Dial(const SocketAddress& to);
    /** Listens on a free port of the address. */
    static Peer ListenOn(const SocketAddress& at, int backlog = 128);
    Peer Accept();

    int Fd() const { return m_fd; }
    SocketAddress Local() const;
    void Send(std::string_view bytes);
    /** Exactly that many bytes, or those before EOF. */
    std::string Receive(size_t bytes);
    /** The result of a `recv` of one byte: 1, 0 for EOF, or negative errno. */
    int ReceiveStatus();
    void ShutdownSend();
    void Close();
    void Reset();

private:
    int m_fd;
};

struct Record {
    Handle handle;
    int32_t flags;
    int32_t a;
    int32_t b;
    /** Copy of the bytes of a `kData` record. */
    std::string data;
};

/** A real poller that records its calls, and can be made to refuse, as a kernel without memory for its set does. */
class TalkativePoller final : public Poller {
public:
    explicit TalkativePoller(const char* name);
    const char* Name() const override { return m_real->Name(); }
    int Descriptor() const override { return m_real->Descriptor(); }
    bool HasEdges() const override { return m_real->HasEdges(); }
    int SetInterest(int fd, uint64_t token, uint32_t from, uint32_t to) override;
    int Wait(PollEvent* events, int max_events, int timeout_ms) override {
        return fails ? -ENOMEM : m_real->Wait(events, max_events, timeout_ms);
    }

    bool refuses = false;
    /** Whether waits fail. */
    bool fails = false;
    /** Each interest that was set, in order. */
    std::vector<uint32_t> changes;

private:
    std::unique_ptr<Poller> m_real;
};

/** An engine with its buffers. */
class World {
public:
    explicit World(const char* poller, const EngineOptions& options = {});
    explicit World(std::unique_ptr<Poller> poller, InterestObserver* observer = nullptr,
                   const EngineOptions& options = {});

    Engine* operator->() { return m_engine.get(); }

    /** One batch. */
    std::vector<Record> Turn(int timeout_ms = 0);
    /** Turns until a record carries `flag` (of `handle`, if given); earlier records are dropped. */
    Record Await(int32_t flag, Handle handle = kNoHandle);
    /** Turns until `handle` has given that many bytes. */
    std::string AwaitBytes(Handle handle, size_t bytes);
    /** Turns until a message that was sent last through a socket of its own has arrived; returns all other records. */
    std::vector<Record> Settle();

    Handle Listen(const SocketAddress& at, const ListenOptions& options = {});
    SocketAddress Local(Handle handle);
    SocketAddress Remote(Handle handle);
    /** A connection of the engine and its other end: accepted by the engine over IPv4. */
    std::pair<Handle, Peer> Accepted();

    std::vector<uint8_t> slab;

private:
    explicit World(std::unique_ptr<Engine> engine);
    SocketAddress AddressOf(Handle handle, End end);

    std::unique_ptr<Engine> m_engine;
    std::vector<int32_t> m_records;
    std::deque<Record> m_pending;
    Handle m_listener = kNoHandle;
};

/** Sends until the kernel takes no more, so that room is reported next. @return Bytes taken. */
size_t FillSendBuffer(World& world, Handle handle);

/** A batch that stays open, so that the test can act inside it. */
class OpenBatch {
public:
    explicit OpenBatch(World& world);
    ~OpenBatch() { m_world->FinishBatch(); }
    int Count() const { return m_count; }
    Handle HandleAt(int i) const { return m_words[static_cast<size_t>(i * kRecordWords)]; }
    int32_t FlagsAt(int i) const { return m_words[static_cast<size_t>(i * kRecordWords + 1)]; }

private:
    World& m_world;
    std::vector<int32_t> m_words;
    int m_count;
};

/** Number of open descriptors of this process. */
size_t OpenDescriptorCount();
/** Number of open IPv4 and IPv6 sockets: those of the engine, without those of a library below a poller. */
size_t OpenInternetSocketCount();

/** Whether closing this poller closes its resources at once; if not, a test cannot rely on a descriptor being free. */
inline bool ClosesAtOnce(std::string_view poller) {
#if defined(__linux__)
    return poller != "kqueue";
#else
    return !poller.empty();
#endif
}

/** The one that the environment variable SOCKMAN_TEST_POLLER names, or all of this build. */
std::vector<const char*> TestPollers();

/** During its lifetime, this process can open `spare` more descriptors and then gets EMFILE. */
class DescriptorLimit {
public:
    explicit DescriptorLimit(unsigned spare);
    ~DescriptorLimit();

private:
    rlimit m_before;
    std::vector<int> m_fillers;
};

}  // namespace sockman::test

/** Runs the block that follows once for each poller. */
#define FOR_EACH_POLLER(name) \
    for (const char* name : ::sockman::test::TestPollers()) SUBCASE(name)
