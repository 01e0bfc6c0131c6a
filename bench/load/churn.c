// Churn: connect, one message there and back, close; `connections` of them at a time, each replaced when it
// ends. The close is a reset, which leaves no TIME_WAIT behind and gives the server its error path to serve.
// Soak: the same for a given number of cycles, however long they take.

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "load.h"

enum { MOST_EVENTS = 256, STALL_TIMEOUT_MS = 10000 };

struct churn {
    struct meter* meter;
    int epoll_fd;
    uint64_t next_number;
    uint64_t cycles;
};

static void begin_cycle(struct churn* churn, struct client* client) {
    *client->started_at_ns = now_ns();
    client_open(client, churn->next_number++);
    client_send_until(client, (uint64_t)settings.message_bytes);
    client_watch(client, churn->epoll_fd, EPOLLIN);
}

static void turn(struct churn* churn) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(churn->epoll_fd, events, MOST_EVENTS, STALL_TIMEOUT_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) fail("no answer within %d ms", STALL_TIMEOUT_MS);
    for (int i = 0; i < count; ++i) {
        struct client* client = events[i].data.ptr;
        client_receive(client, CHUNK_BYTES);
        if (client->received_bytes < (uint64_t)settings.message_bytes) continue;
        meter_message(churn->meter, now_ns() - *client->started_at_ns);
        client_close(client);
        ++churn->cycles;
        begin_cycle(churn, client);
    }
}

static struct churn start(struct meter* meter) {
    struct churn churn = {.meter = meter, .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    struct client* clients = calloc((size_t)settings.connections, sizeof *clients);
    for (int i = 0; i < settings.connections; ++i) {
        clients[i].started_at_ns = calloc(1, sizeof(uint64_t));
        begin_cycle(&churn, &clients[i]);
    }
    return churn;
}

void run_churn(struct meter* meter) {
    struct churn churn = start(meter);
    meter_start(meter);
    while (meter_advance(meter, now_ns())) turn(&churn);
}

void run_soak(struct meter* meter) {
    meter_start(meter);
    meter_piece_begins(meter);
    struct churn churn = start(meter);
    while (churn.cycles < (uint64_t)settings.cycles) turn(&churn);
    meter_piece_ends(meter);
}
