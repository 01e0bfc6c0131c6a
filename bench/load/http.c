// HTTP: each measured connection sends `GET /SIZE` again after each answer, with the connection kept alive.
//
// An answer ends with its Content-Length or, if chunked, with the last chunk. Its body is SIZE times the letter x. There may
// be idle connections, each answered once.
//
// In the mode `rpc` the request is a call of JSON-RPC, and SIZE is the length of its answer, which ends with a line end.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load.h"

enum {
    MOST_EVENTS = 1024,
    ANSWER_TIMEOUT_MS = 10000,
    /** Connections opened before waiting for the server, under the shortest backlog of the servers compared. */
    OPEN_AHEAD = 100,
    MOST_HEAD_BYTES = 4096,
};

static const char LAST_CHUNK[] = "\r\n0\r\n\r\n";
enum { LAST_CHUNK_BYTES = sizeof LAST_CHUNK - 1 };

struct asker {
    struct client client;
    uint64_t asked_at_ns;
    uint64_t received;
    /** Bytes of the whole answer; 0 until that is known. */
    uint64_t expected;
    bool is_chunked;
    char tail[LAST_CHUNK_BYTES];
    bool is_waiting;
};

/** A call without arguments, as user and password `bench`. */
static const char CALL[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"getconnectioncount\",\"params\":[]}";
static const char CREDENTIALS[] = "YmVuY2g6YmVuY2g=";

static char question[512];
static size_t question_bytes;
static char last_byte = 'x';
static char received[CHUNK_BYTES];

static void ask(struct asker* asker, uint64_t now) {
    asker->asked_at_ns = now;
    asker->received = 0;
    asker->expected = 0;
    asker->is_chunked = false;
    asker->is_waiting = true;
    ssize_t sent = send(asker->client.fd, question, question_bytes, MSG_NOSIGNAL);
    if (sent != (ssize_t)question_bytes) fail("send");
}

/** Reads the head, which arrives whole with the first bytes. */
static void read_head(struct asker* asker, size_t length) {
    if (length < 16 || memcmp(received, "HTTP/1.1 200", 12) != 0) {
        errno = 0;
        fail("not an answer: %.40s", received);
    }
    received[length < CHUNK_BYTES ? length : CHUNK_BYTES - 1] = 0;
    const char* end = strstr(received, "\r\n\r\n");
    if (end == NULL || end - received > MOST_HEAD_BYTES) fail("no head");
    const char* field = strcasestr(received, "\r\ncontent-length: ");
    asker->is_chunked = field == NULL || field > end;
    if (asker->is_chunked) return;
    uint64_t body_bytes = strtoull(field + strlen("\r\ncontent-length: "), NULL, 10);
    if (body_bytes != (uint64_t)settings.message_bytes) fail("a body of %llu bytes", (unsigned long long)body_bytes);
    asker->expected = (uint64_t)(end + 4 - received) + body_bytes;
}

static void keep_tail(struct asker* asker, size_t length) {
    size_t kept = length < LAST_CHUNK_BYTES ? LAST_CHUNK_BYTES - length : 0;
    memmove(asker->tail, asker->tail + LAST_CHUNK_BYTES - kept, kept);
    memcpy(asker->tail + kept, received + length - (LAST_CHUNK_BYTES - kept), LAST_CHUNK_BYTES - kept);
}

static bool is_whole(const struct asker* asker, size_t length) {
    if (!asker->is_chunked) {
        if (asker->received > asker->expected) fail("more than an answer");
        return asker->received == asker->expected && received[length - 1] == last_byte;
    }
    bool is_end = memcmp(asker->tail, LAST_CHUNK, LAST_CHUNK_BYTES) == 0;
    if (is_end && asker->received < (uint64_t)settings.message_bytes) fail("a body cut short");
    return is_end;
}

/** Receives once. @returns whether an answer is complete. */
static bool hear(struct asker* asker) {
    ssize_t length = recv(asker->client.fd, received, sizeof received, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return false;
    if (length == 0) errno = 0;
    if (length <= 0) fail("the server closed a connection");
    if (asker->received == 0) read_head(asker, (size_t)length);
    asker->received += (uint64_t)length;
    if (asker->is_chunked) keep_tail(asker, (size_t)length);
    asker->is_waiting = !is_whole(asker, (size_t)length);
    return !asker->is_waiting;
}

static void await_answer(struct asker* asker) {
    ask(asker, now_ns());
    while (asker->is_waiting) {
        struct pollfd readable = {.fd = asker->client.fd, .events = POLLIN};
        if (poll(&readable, 1, ANSWER_TIMEOUT_MS) != 1) fail("no answer within %d ms", ANSWER_TIMEOUT_MS);
        hear(asker);
    }
}

/** Opens connections, each answered once. */
static struct asker* open_askers(int count, uint64_t first_number) {
    struct asker* askers = calloc((size_t)count + 1, sizeof *askers);
    if (askers == NULL) fail("out of memory");
    int answered = 0;
    for (int i = 0; i < count; ++i) {
        client_open(&askers[i].client, first_number + (uint64_t)i);
        if ((i + 1) % OPEN_AHEAD != 0 && i + 1 != count) continue;
        while (answered <= i) await_answer(&askers[answered++]);
    }
    return askers;
}

static void prepare_call(void) {
    last_byte = '\n';
    question_bytes = (size_t)snprintf(question, sizeof question,
                                      "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Basic %s\r\n"
                                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                      settings.port, CREDENTIALS, sizeof CALL - 1, CALL);
}

static void prepare_question(void) {
    if (strcmp(settings.mode, "rpc") == 0) return prepare_call();
    question_bytes = (size_t)snprintf(question, sizeof question, "GET /%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n",
                                      settings.message_bytes, settings.port);
}

static void turn(struct meter* meter, int epoll_fd) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(epoll_fd, events, MOST_EVENTS, ANSWER_TIMEOUT_MS);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0) fail("no answer within %d ms", ANSWER_TIMEOUT_MS);
    for (int i = 0; i < count; ++i) {
        struct asker* asker = events[i].data.ptr;
        if (!hear(asker)) continue;
        uint64_t now = now_ns();
        meter_message(meter, now - asker->asked_at_ns);
        ask(asker, now);
    }
}

void run_http(struct meter* meter) {
    prepare_question();
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    open_askers(settings.idle, 0);
    struct asker* askers = open_askers(settings.connections, (uint64_t)settings.idle);
    for (int i = 0; i < settings.connections; ++i) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &askers[i]};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, askers[i].client.fd, &event) != 0) fail("epoll_ctl");
        ask(&askers[i], now_ns());
    }
    meter_start(meter);
    while (meter_advance(meter, now_ns())) turn(meter, epoll_fd);
    for (int i = 0; i < settings.connections; ++i) {
        while (askers[i].is_waiting) {
            struct pollfd readable = {.fd = askers[i].client.fd, .events = POLLIN};
            if (poll(&readable, 1, ANSWER_TIMEOUT_MS) != 1) fail("a connection was not answered");
            hear(&askers[i]);
        }
    }
}

/** As `run_idle`, with connections that were answered once. */
void run_http_idle(struct meter* meter) {
    prepare_question();
    open_askers(settings.idle, 0);
    idle_window(meter);
}
