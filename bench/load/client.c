// One client connection: opening, and a byte stream that checks itself.
//
// The bytes of a connection are a window into one endless repetition of a short random pattern, at an offset of its own.
// Sending needs no copy, checking is one memcmp, and a byte lost, repeated, reordered or delivered to the wrong connection
// does not match. The period is prime, so that no message size is a multiple of it, and short, so that the pattern of small
// messages stays in the first-level cache.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

enum {
    PATTERN_PERIOD_BYTES = 4093,
    /** Connections of one source address, well under the 28,232 local ports Linux hands out by default. */
    CONNECTIONS_PER_SOURCE_ADDRESS = 20000,
    /** Connections opened before waiting for the server, under the shortest backlog of the servers compared
       (128). */
    OPEN_AHEAD = 100,
    ANSWER_TIMEOUT_MS = 10000,
};

static unsigned char pattern[PATTERN_PERIOD_BYTES + CHUNK_BYTES];
static unsigned char received[CHUNK_BYTES];

void prepare_clients(void) {
    uint64_t state = 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < sizeof pattern; ++i) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pattern[i] = i < PATTERN_PERIOD_BYTES ? (unsigned char)state : pattern[i - PATTERN_PERIOD_BYTES];
    }
}

static const unsigned char* pattern_at(const struct client* client, uint64_t position) {
    return pattern + (client->pattern_offset + position) % PATTERN_PERIOD_BYTES;
}

static void set_option(int fd, int level, int name, int value) {
    if (setsockopt(fd, level, name, &value, sizeof value) != 0) fail("setsockopt");
}

void client_open(struct client* client, uint64_t number) {
    client->pattern_offset = number * 1021;
    client_restart(client);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) fail("socket");
    set_option(client->fd, IPPROTO_TCP, TCP_NODELAY, 1);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) fail("SO_LINGER");

    uint32_t source = (uint32_t)(number / CONNECTIONS_PER_SOURCE_ADDRESS) % 250;
    if (source > 0) {
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + source)};
        set_option(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        if (bind(client->fd, (struct sockaddr*)&from, sizeof from) != 0) fail("bind to a source address");
    }
    // A blocking connect: on loopback the whole handshake happens inside this call.
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)settings.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(client->fd, (struct sockaddr*)&to, sizeof to) != 0) fail("connect");
}

void client_restart(struct client* client) {
    client->sent_bytes = 0;
    client->received_bytes = 0;
    client->started_messages = 0;
    client->completed_messages = 0;
}

void client_close(struct client* client) { close(client->fd); }

struct client* clients_open(int count, uint64_t first_number, bool server_greets) {
    struct client* clients = calloc((size_t)count + 1, sizeof *clients);
    if (clients == NULL) fail("out of memory");
    int greeted = 0;
    for (int i = 0; i < count; ++i) {
        client_open(&clients[i], first_number + (uint64_t)i);
        clients[i].started_at_ns = calloc((size_t)settings.depth, sizeof(uint64_t));
        if ((i + 1) % OPEN_AHEAD != 0 && i + 1 != count) continue;
        // Connections are accepted in order: an answer on the newest shows that all of them are.
        if (!server_greets) client_ping(&clients[i]);
        while (server_greets && greeted <= i) client_await_greeting(&clients[greeted++]);
    }
    return clients;
}

void client_watch(const struct client* client, int epoll_fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = (void*)client};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) != 0) fail("epoll_ctl");
}

bool client_send_until(struct client* client, uint64_t until) {
    while (client->sent_bytes < until) {
        size_t length = until - client->sent_bytes;
        if (length > CHUNK_BYTES) length = CHUNK_BYTES;
        ssize_t sent =
            send(client->fd, pattern_at(client, client->sent_bytes), length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) return false;
        if (sent < 0) fail("send after %llu bytes", (unsigned long long)client->sent_bytes);
        client->sent_bytes += (uint64_t)sent;
    }
    return true;
}

size_t client_receive(struct client* client, size_t most) {
    ssize_t length = recv(client->fd, received, most < CHUNK_BYTES ? most : CHUNK_BYTES, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return 0;
    if (length == 0) errno = 0;
    if (length <= 0)
        fail("the server closed a connection after %llu bytes", (unsigned long long)client->received_bytes);
    if (memcmp(received, pattern_at(client, client->received_bytes), (size_t)length) != 0) {
        errno = 0;
        fail("wrong bytes in a receive at stream position %llu", (unsigned long long)client->received_bytes);
    }
    client->received_bytes += (uint64_t)length;
    return (size_t)length;
}

static void await_readable(const struct client* client) {
    struct pollfd readable = {.fd = client->fd, .events = POLLIN};
    if (poll(&readable, 1, ANSWER_TIMEOUT_MS) != 1) fail("no answer within %d ms", ANSWER_TIMEOUT_MS);
}

void client_await_greeting(struct client* client) {
    await_readable(client);
    if (recv(client->fd, received, 1, 0) != 1) fail("no greeting");
}

bool client_has_answer(const struct client* client) {
    return recv(client->fd, received, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void client_await_echo(struct client* client) {
    while (client->received_bytes < client->sent_bytes) {
        await_readable(client);
        client_receive(client, client->sent_bytes - client->received_bytes);
    }
}

void client_ping(struct client* client) {
    client_send_until(client, client->sent_bytes + 1);
    client_await_echo(client);
}
