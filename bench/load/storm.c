// Accept storm: how fast a server empties a full backlog.
//
// On loopback a connecting client does the work of the whole handshake, about as much as accepting costs, so a plain connect
// loop would measure the client. Here the server sleeps while a wave of `connections` connects: a message of N bytes on a
// connection of its own makes it sleep for N milliseconds before it echoes. The echo starts the clock, which runs until each
// of them has the server's greeting; that is also their latency. Closing the wave is not timed, and the next one waits for
// its end.

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "load.h"

enum {
    MOST_EVENTS = 256,
    STALL_TIMEOUT_MS = 10000,
    /** First estimate of the time that a wave needs to connect. */
    FIRST_SLEEP_MS = 30,
    MOST_SLEEP_MS = 2000,
};

static void await_greetings(struct meter* meter, int epoll_fd, uint64_t began_ns) {
    int awaited = settings.connections;
    while (awaited > 0) {
        struct epoll_event events[MOST_EVENTS];
        int count = epoll_wait(epoll_fd, events, MOST_EVENTS, STALL_TIMEOUT_MS);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        if (count == 0) fail("%d connections were not accepted within %d ms", awaited, STALL_TIMEOUT_MS);
        for (int i = 0; i < count; ++i) {
            client_await_greeting(events[i].data.ptr);
            meter_message(meter, now_ns() - began_ns);
            --awaited;
        }
    }
}

/** @returns Whether all connected while the server slept; otherwise it slept too short and nothing was measured. */
static bool wave(struct meter* meter, struct client* probe, uint64_t sleep_ms, struct client* clients,
                 uint64_t first_number) {
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client closer = {.fd = epoll_fd};
    client_send_until(probe, probe->sent_bytes + sleep_ms);
    for (int i = 0; i < settings.connections; ++i) {
        client_open(&clients[i], first_number + (uint64_t)i);
        client_watch(&clients[i], epoll_fd, EPOLLIN | EPOLLET);
    }
    bool is_asleep = !client_has_answer(probe);
    bool is_measured = is_asleep && now_ns() >= meter->begins_ns;
    client_await_echo(probe);
    if (is_measured) meter_piece_begins(meter);
    await_greetings(meter, epoll_fd, now_ns());
    if (is_measured) meter_piece_ends(meter);
    for (int i = 0; i < settings.connections; ++i) client_close(&clients[i]);
    client_close(&closer);
    return is_asleep;
}

void run_storm(struct meter* meter) {
    struct client* probe = clients_open(1, 0, true);
    struct client* clients = calloc((size_t)settings.connections, sizeof *clients);
    meter_start(meter);
    uint64_t sleep_ms = FIRST_SLEEP_MS;
    for (uint64_t number = 1; now_ns() < meter->ends_ns; number += (uint64_t)settings.connections) {
        if (!wave(meter, probe, sleep_ms, clients, number)) sleep_ms += sleep_ms / 2;
        if (sleep_ms > MOST_SLEEP_MS) {
            fail("the server does not sleep, or connecting takes %d ms", MOST_SLEEP_MS);
        }
        // Two echoes: the first may share a turn of the server with the resets, the second comes after them.
        client_ping(probe);
        client_ping(probe);
    }
}
