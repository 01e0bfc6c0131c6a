// Accept storm: how fast a server empties a full backlog.
//
// On loopback a connecting client does the work of the whole handshake, about as much as accepting costs, so
// that a plain connect loop measures the client. Here the server is stopped (SIGSTOP) while a wave of
// `connections` connects; they wait in its backlog. Then it continues, and the clock runs until each of them
// has the server's greeting. Latency is from the continue to the greeting. Closing the wave is not timed, and
// the next one waits for its end.

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "load.h"

enum { MOST_EVENTS = 256, STALL_TIMEOUT_MS = 10000 };

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

static void wave(struct meter* meter, struct client* clients, uint64_t first_number, bool is_measured) {
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct client closer = {.fd = epoll_fd};
    if (kill(settings.server_pid, SIGSTOP) != 0) fail("cannot stop the server");
    for (int i = 0; i < settings.connections; ++i) {
        client_open(&clients[i], first_number + (uint64_t)i);
        client_watch(&clients[i], epoll_fd, EPOLLIN | EPOLLET);
    }
    if (is_measured) meter_piece_begins(meter);
    uint64_t began_ns = now_ns();
    if (kill(settings.server_pid, SIGCONT) != 0) fail("cannot continue the server");
    await_greetings(meter, epoll_fd, began_ns);
    if (is_measured) meter_piece_ends(meter);
    for (int i = 0; i < settings.connections; ++i) client_close(&clients[i]);
    client_close(&closer);
}

void run_storm(struct meter* meter) {
    struct client* probe = clients_open(1, 0, true);
    struct client* clients = calloc((size_t)settings.connections, sizeof *clients);
    meter_start(meter);
    uint64_t number = 1;
    for (uint64_t now = now_ns(); now < meter->ends_ns; now = now_ns()) {
        wave(meter, clients, number, now >= meter->begins_ns);
        number += (uint64_t)settings.connections;
        // Two echoes: the first may share a turn of the server with the resets, the second comes after them.
        client_ping(probe);
        client_ping(probe);
    }
}
