// Echo: each measured connection keeps `depth` messages in flight; the answer to one starts the next.
//
// There may be further connections: idle, flooding (always sending, always reading) and slow (always sending, reading a few
// bytes at intervals, or never). Their bytes are checked as well; their latency is not measured.

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

enum {
    MOST_EVENTS = 1024,
    SLOW_TICK_MS = 10,
    STALL_TIMEOUT_MS = 10000,
    /** A slow reader has small kernel buffers, so that the server notices it at once. */
    SLOW_RECEIVE_BUFFER_BYTES = 16 * 1024,
    FLOOD_MESSAGE_BYTES = 64 * 1024,
};

struct echo {
    struct meter* meter;
    int epoll_fd;
    struct client* active;
    struct client* flood;
    struct client* slow;
    bool is_draining;
    int awaited;
};

static void start_messages(struct echo* echo, struct client* client, uint64_t now) {
    if (!echo->is_draining) {
        uint64_t until = client->completed_messages + (uint64_t)settings.depth;
        while (client->started_messages < until) {
            client->started_at_ns[client->started_messages++ % (uint64_t)settings.depth] = now;
        }
    }
    client_send_until(client, client->started_messages * (uint64_t)settings.message_bytes);
}

static void count_answers(struct echo* echo, struct client* client, uint64_t now) {
    while ((client->completed_messages + 1) * (uint64_t)settings.message_bytes <= client->received_bytes) {
        uint64_t started_at = client->started_at_ns[client->completed_messages++ % (uint64_t)settings.depth];
        meter_message(echo->meter, now - started_at);
    }
    if (echo->is_draining && client->completed_messages == client->started_messages) --echo->awaited;
}

// Measured connections are watched edge-triggered: a short receive shows that there is no more, and the next arrival is a
// new edge.
static void serve_active(struct echo* echo, struct client* client, uint64_t now) {
    uint64_t before = client->received_bytes;
    while (client_receive(client, CHUNK_BYTES) == CHUNK_BYTES) continue;
    if (client->received_bytes != before) count_answers(echo, client, now);
    start_messages(echo, client, now);
}

static void serve_flood(struct echo* echo, struct client* client) {
    size_t length = client_receive(client, CHUNK_BYTES);
    if (echo->meter->is_measuring) echo->meter->background_bytes += length;
    client_send_until(client, client->sent_bytes + FLOOD_MESSAGE_BYTES);
}

static void serve_slow(struct echo* echo) {
    for (int i = 0; i < settings.slow; ++i) {
        struct client* client = &echo->slow[i];
        if (settings.slow_read_bytes > 0) {
            size_t length = client_receive(client, (size_t)settings.slow_read_bytes);
            if (echo->meter->is_measuring) echo->meter->background_bytes += length;
        }
        client_send_until(client, client->sent_bytes + FLOOD_MESSAGE_BYTES);
    }
}

static bool is_flood(const struct echo* echo, const struct client* client) {
    return settings.flood > 0 && client >= echo->flood && client < echo->flood + settings.flood;
}

static void turn(struct echo* echo) {
    struct epoll_event events[MOST_EVENTS];
    int count =
        epoll_wait(echo->epoll_fd, events, MOST_EVENTS, settings.slow > 0 ? SLOW_TICK_MS : STALL_TIMEOUT_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0 && settings.slow == 0) fail("no answer within %d ms", STALL_TIMEOUT_MS);
    for (int i = 0; i < count; ++i) {
        struct client* client = events[i].data.ptr;
        if (is_flood(echo, client)) {
            serve_flood(echo, client);
        } else {
            serve_active(echo, client, now_ns());
        }
    }
}

static void open_all(struct echo* echo) {
    uint64_t number = 0;
    clients_open(settings.idle, number, false);
    echo->active = clients_open(settings.connections, number += (uint64_t)settings.idle, false);
    echo->flood = clients_open(settings.flood, number += (uint64_t)settings.connections, false);
    echo->slow = clients_open(settings.slow, number += (uint64_t)settings.flood, false);
    for (int i = 0; i < settings.slow; ++i) {
        int bytes = SLOW_RECEIVE_BUFFER_BYTES;
        if (setsockopt(echo->slow[i].fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) fail("SO_RCVBUF");
    }
    for (int i = 0; i < settings.connections; ++i) {
        // The ping that showed that the connection was accepted is not part of the measured stream.
        client_restart(&echo->active[i]);
        client_watch(&echo->active[i], echo->epoll_fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
    for (int i = 0; i < settings.flood; ++i)
        client_watch(&echo->flood[i], echo->epoll_fd, EPOLLIN | EPOLLOUT);
}

static void drain(struct echo* echo) {
    echo->is_draining = true;
    for (int i = 0; i < settings.connections; ++i) {
        const struct client* client = &echo->active[i];
        if (client->completed_messages < client->started_messages) ++echo->awaited;
    }
    uint64_t deadline = now_ns() + STALL_TIMEOUT_MS * 1000000ULL;
    while (echo->awaited > 0) {
        turn(echo);
        if (now_ns() > deadline) fail("%d connections were not answered", echo->awaited);
    }
}

void run_echo(struct meter* meter) {
    struct echo echo = {.meter = meter, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    open_all(&echo);
    meter_start(meter);
    uint64_t next_slow_ns = 0;
    for (uint64_t now = now_ns(); meter_advance(meter, now); now = now_ns()) {
        if (settings.slow > 0 && now >= next_slow_ns) {
            serve_slow(&echo);
            next_slow_ns = now + SLOW_TICK_MS * 1000000ULL;
        }
        turn(&echo);
    }
    drain(&echo);
}
