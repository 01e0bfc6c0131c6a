// The engine: every socket of one `Backend`, and the batches that report their events. The behaviour is that of
// ts/sockman/backends/backend.ts, whose terms it uses; this file adds what a caller in C++ must know.
//
// The caller's loop, each time `Descriptor()` is readable, or without one, when a watched descriptor is:
//
//   do {
//       int count = engine.Gather(records, slab, 0);
//       if (count > 0) sink.turn(count);     // may call anything below except Gather and FinishBatch
//       engine.FinishBatch();
//   } while (engine.HasMore());              // or yield to the host first: nothing is lost, the rest is kept
//   if (engine.IsStillReady()) ...           // once more soon, though `Descriptor()` may not be readable
//
// A sink may stop in the middle of a batch. Its records and slab then stay as they are, and the batch is finished after the
// sink has processed the rest of it, whatever else of the engine is called meanwhile.
//
// Ownership. Only the engine closes descriptors, after they have left the poller. It borrows `records` and
// `slab` for one call and keeps no pointer into them.
//
// The kernel's interest is updated at once outside a batch, and inside one when the batch finishes: a socket whose every
// send is short stays armed without a system call, and a pause that is undone in the same batch costs none.
//
// Edges. If the poller can, it reports a connection once: when something arrives. A receive that gets less than it asked for
// has emptied the socket, and later arrivals are reported anew. A socket that may hold more is kept in a list, which the
// next `Gather` serves together with the poller's reports: after a receive of a full chunk, with the end of the stream or
// urgent data behind the received bytes, or when a receive was left to the sink. A socket missing from the list would be
// lost for ever, so the list may hold too many and never too few. A pause needs no entry: while it lasts the kernel has no
// interest in the socket, and setting it again brings a new report. Listeners and connects are reported as long as they are
// ready, and so are Unix-domain sockets, where a receive stops short at a descriptor that was sent along.
//
// Names. A poller token is slot and full 32-bit generation, so that events fetched before a close never refer to the next
// socket of that slot. Handles carry ten bits of generation; slots are reused in the order they were freed, none within the
// batch that freed it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/poller.h"
#include "core/records.h"
#include "core/socket.h"
#include "core/socket_table.h"

namespace sockman {

struct EngineOptions {
    /** Most bytes of one receive. */
    size_t receive_chunk_bytes = 256 * 1024;
    /** Most accepts per listener and batch. */
    int accept_batch = 64;
    SocketOptions socket{};
    /** Most sockets at a time, listeners included. A further one is refused as if the process had run out of descriptors. */
    uint32_t max_sockets = SocketTable::kMaxSlots;
};

struct ListenOptions {
    int backlog = SOMAXCONN;
    bool reuse_port = false;
    /** Accept IPv4 as well on an IPv6 address. */
    bool dual_stack = false;
};

/** Most events of one wait. A batch that does not process all of them leaves the rest to the next. */
inline constexpr int kMaxEvents = 512;
/**
 * Most events that one batch processes, each for one record at most; the rest of the records is room for accepted sockets.
 * Few enough that received bytes are answered while they, and the kernel's data of their sockets, are still in the cache,
 * and that peers work while the next batch is served: with 1,000 busy connections 64 at a time cost 10 % less CPU than 448,
 * and a crossing into JavaScript shared by 64 is negligible.
 */
inline constexpr int kBatchEvents = 64;

/** `handle` is `kNoHandle` if `failure` is set. */
struct OpenResult {
    Handle handle = kNoHandle;
    Failure failure;
};

/** Times are on the clock of `MonotonicMs()`; 0 means never. */
struct SocketCounters {
    uint64_t received_bytes = 0;
    uint64_t sent_bytes = 0;
    double created_at_ms = 0;
    double last_send_at_ms = 0;
    double last_receive_at_ms = 0;
};

enum class End : uint8_t { Local, Remote };

/** Notified of interest if the poller has no descriptor that the host's loop could watch. */
class InterestObserver {
public:
    virtual ~InterestObserver() = default;
    /** The interest in `fd` is now `interest`; `kInterestNone` comes before the descriptor is closed. */
    virtual void OnInterest(int fd, uint32_t interest) = 0;
};

/** Lives on the thread that made it; there is no other. */
class Engine {
public:
    /**
     * @param poller - A name of `PollerNames()`, or empty for the best.
     * @param observer - Outlives the engine; nullptr for none.
     * @return nullptr with `failure` set if the poller does not exist or the system has no descriptor for it.
     */
    static std::unique_ptr<Engine> Make(const EngineOptions& options, std::string_view poller,
                                        InterestObserver* observer, Failure& failure);
    /** As `Make`, with a poller that the caller made. */
    Engine(const EngineOptions& options, std::unique_ptr<Poller> poller, InterestObserver* observer);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /** Size of a slab in bytes: two chunks for the batch and one for `Receive`. */
    static constexpr size_t SlabBytes(size_t receive_chunk_bytes) { return 3 * receive_chunk_bytes; }
    /** Offset in the slab of the bytes of `Receive`. */
    size_t DeferredOffset() const { return 2 * m_options.receive_chunk_bytes; }

    const char* PollerName() const { return m_poller->Name(); }
    /** Readable while there is something to gather, except for `IsStillReady`; -1 if the poller has no such descriptor. */
    int Descriptor() const { return m_poller->Descriptor(); }

    /**
     * Writes what happened to `records` (room for `kMaxRecords`) and the bytes received to `slab`
     * (`SlabBytes`). Does not wait while events of the last wait are left.
     * @return Number of records, or the negative errno of the poller.
     */
    int Gather(int32_t* records, uint8_t* slab, int timeout_ms);
    /** Follows each `Gather`, once its records were processed. */
    void FinishBatch();
    /** Whether more is ready, as far as the engine knows without a wait. */
    bool HasMore() const { return HasUnreported() || m_is_wait_due; }
    /** Whether a socket may hold more that `Descriptor()` does not show. It has had its receive of this turn. */
    bool IsStillReady() const { return !m_still_ready.empty(); }

    OpenResult Listen(const SocketAddress& at, const ListenOptions& options);
    void SetAccepting(Handle listener, bool on);
    /** Keeps new connections from a listener, as far as the platform can; those in its queue are still accepted. */
    void Drain(Handle listener);
    /**
     * @param local - IP address to dial from; empty for none. Its port may be 0.
     * @return `EAGAIN` from `connect` means that the queue of a Unix-domain listener is full.
     */
    OpenResult Connect(const SocketAddress& to, const SocketAddress& local);

    /** @return Bytes taken, or negative errno; 0 for an unknown handle. If memory is short, `SetResting` should follow. */
    ssize_t Send(Handle handle, const void* data, size_t bytes, bool more_follows);
    void SendMany(const Handle* handles, size_t count, const void* data, size_t bytes, bool more_follows,
                  int32_t* results);

    void SetReceiving(Handle handle, bool on);
    /**
     * Makes the poller ignore a socket for a while, or watch it again. After a send or a receive for which the system had no
     * memory the socket may still be ready, and would be tried again at once.
     */
    void SetResting(Handle handle, bool on);
    /** @return Bytes now at `DeferredOffset()` of `slab`; 0 for EOF; negative errno. */
    ssize_t Receive(Handle handle, uint8_t* slab);

    int ShutdownSend(Handle handle);
    /** @return Whether the handle was open. */
    bool Close(Handle handle);
    bool Reset(Handle handle);
    void CloseAll();
    /** Closes every socket, and the poller. Safe inside a batch. Opening fails with EBADF from then on. */
    void Destroy();

    /**
     * Writes the packed form to `packed`, which has room for `kMaxPackedBytes`.
     * @return Bytes written; 0 for an unknown handle or an unnamed end.
     */
    size_t AddressOf(Handle handle, End end, uint8_t* packed) const;
    bool CountersOf(Handle handle, SocketCounters& counters) const;
    bool TcpInfoOf(Handle handle, TcpInfo& info) const;

    /** Open sockets, listeners included. */
    size_t SocketCount() const { return m_table.OpenCount(); }
    /** Sockets that were accepted and closed at once because the poller refused them. */
    uint64_t DroppedAcceptCount() const { return m_dropped_accept_count; }

private:
    /** Fields of a listener besides its slot. */
    struct Listener {
        int family = AF_UNSPEC;
        /** The path that this listener created, absolute, to be removed with it; empty for none. */
        std::string path;
        FileIdentity file;
    };
    /** A socket that the poller refused to watch; the next batch reports it. */
    struct Broken {
        uint64_t token;
        int error;
    };
    class RecordWriter;

    bool HasUnreported() const { return m_next_event < m_event_count || !m_ready_listeners.empty() || !m_broken.empty(); }

    // Gathering: engine_batch.cc.
    int FetchEvents(int timeout_ms);
    void AddStillReady();
    void ReportBroken(RecordWriter& out);
    void ReportEvent(const PollEvent& event, RecordWriter& out);
    void ReportConnectOutcome(uint32_t index, RecordWriter& out);
    static void NameRemote(Slot& slot);
    void AcceptFrom(uint64_t listener_token, RecordWriter& out);
    Handle Adopt(int fd, const SocketAddress& from, int family);

    // Interest, and the ends of sockets: engine.cc.
    uint32_t WantedInterest(const Slot& slot) const;
    void KeepReady(Slot& slot);
    void WatchAnew(const Slot& slot);
    void WishChanged(uint32_t index);
    int FollowWish(uint32_t index);
    void FollowWishOrReport(uint32_t index);
    ssize_t SendOn(Slot& slot, const void* data, size_t bytes, bool more_follows);
    ssize_t ReceiveOn(Slot& slot, uint8_t* to);
    void CloseSlot(uint32_t index, bool with_reset);
    double NowMs() const;

    const EngineOptions m_options;
    std::unique_ptr<Poller> m_poller;
    InterestObserver* const m_observer;
    const bool m_has_edges;

    SocketTable m_table;
    std::unordered_map<uint32_t, Listener> m_listeners;

    // Events that were fetched and not reported yet, from `m_next_event` on.
    std::array<PollEvent, kMaxEvents> m_events;
    int m_event_count = 0;
    int m_next_event = 0;
    /** More may be ready than was reported: the last wait was full, or a listener's queue was longer than a batch. */
    bool m_is_wait_due = false;
    std::vector<uint64_t> m_ready_listeners;
    std::vector<Broken> m_broken;
    /** Sockets that were `is_still_ready` when they were added. */
    std::vector<uint64_t> m_still_ready;

    bool m_is_in_batch = false;
    std::vector<uint32_t> m_stale_interest;
    double m_now_ms = 0;
    uint64_t m_dropped_accept_count = 0;
};

}  // namespace sockman
