// Broadcast: one source sends a message, the server relays it to each of `connections` receivers. `depth` messages are in
// flight at a time; the next starts when the last receiver has received one. A message counts once per receiver.

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "load.h"

enum { MOST_EVENTS = 1024, STALL_TIMEOUT_MS = 10000 };

struct broadcast {
    struct meter* meter;
    int epoll_fd;
    struct client* source;
    /** Receivers that still miss a message; a ring of `depth`. */
    int* missing;
    bool is_draining;
};

static void start_messages(struct broadcast* broadcast) {
    struct client* source = broadcast->source;
    uint64_t depth = (uint64_t)settings.depth;
    uint64_t now = now_ns();
    while (!broadcast->is_draining && source->started_messages < source->completed_messages + depth) {
        source->started_at_ns[source->started_messages % depth] = now;
        broadcast->missing[source->started_messages % depth] = settings.connections;
        ++source->started_messages;
    }
    if (!client_send_until(source, source->started_messages * (uint64_t)settings.message_bytes)) {
        fail("messages × depth do not fit into the socket buffer of the source");
    }
}

static void serve_receiver(struct broadcast* broadcast, struct client* receiver) {
    struct client* source = broadcast->source;
    uint64_t depth = (uint64_t)settings.depth;
    client_receive(receiver, CHUNK_BYTES);
    uint64_t now = now_ns();
    while ((receiver->completed_messages + 1) * (uint64_t)settings.message_bytes <=
           receiver->received_bytes) {
        uint64_t slot = receiver->completed_messages++ % depth;
        meter_message(broadcast->meter, now - source->started_at_ns[slot]);
        --broadcast->missing[slot];
    }
    while (source->completed_messages < source->started_messages &&
           broadcast->missing[source->completed_messages % depth] == 0) {
        ++source->completed_messages;
    }
}

static void turn(struct broadcast* broadcast) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(broadcast->epoll_fd, events, MOST_EVENTS, STALL_TIMEOUT_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) fail("nothing was relayed within %d ms", STALL_TIMEOUT_MS);
    for (int i = 0; i < count; ++i) serve_receiver(broadcast, events[i].data.ptr);
    start_messages(broadcast);
}

void run_broadcast(struct meter* meter) {
    struct broadcast broadcast = {.meter = meter, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    broadcast.missing = calloc((size_t)settings.depth, sizeof(int));
    struct client* receivers = clients_open(settings.connections, 0, true);
    broadcast.source = clients_open(1, 0, true);
    for (int i = 0; i < settings.connections; ++i) {
        // Every receiver reads the stream of the source, from the same position in the pattern.
        receivers[i].pattern_offset = broadcast.source->pattern_offset;
        client_watch(&receivers[i], broadcast.epoll_fd, EPOLLIN);
    }
    meter_start(meter);
    start_messages(&broadcast);
    while (meter_advance(meter, now_ns())) turn(&broadcast);
    broadcast.is_draining = true;
    while (broadcast.source->completed_messages < broadcast.source->started_messages) turn(&broadcast);
}
