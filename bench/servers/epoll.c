// The yardstick: a bare epoll loop in C. One thread, level-triggered, one receive per ready socket and wait.
//
//   epoll MODE [RECEIVE_BYTES]
//
// MODE is echo, storm (one byte to every new connection, then echo, of a message of two bytes or more after as many
// milliseconds of sleep) or broadcast (one byte to every new connection, then everything received goes to all others).
// Listens on a free port of 127.0.0.1, prints it as JSON in the first line on standard output, and serves until it is
// killed.
//
// Back-pressure: while an echo is not fully sent its connection is not read, so that at most one receive is
// held for it. A broadcast receiver that falls too far behind is disconnected.

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_EVENTS = 512,
    DEFAULT_RECEIVE_BYTES = 64 * 1024,
    /** Most bytes kept for one slow receiver of broadcasts. */
    MOST_PENDING_BYTES = 16 * 1024 * 1024,
};

enum mode { MODE_ECHO, MODE_STORM, MODE_BROADCAST };

struct connection {
    int fd;
    /** Index in `connections`. */
    size_t index;
    /** Bytes that the kernel did not take yet; NULL if there are none. */
    unsigned char* pending;
    size_t pending_begin;
    size_t pending_end;
};

static enum mode mode;
static int epoll_fd;
static unsigned char* buffer;
static size_t receive_bytes = DEFAULT_RECEIVE_BYTES;
static struct connection** connections;
static size_t connection_count;
static size_t connection_capacity;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(struct connection* connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) != 0) die("epoll_ctl");
}

static void drop(struct connection* connection) {
    struct connection* last = connections[--connection_count];
    last->index = connection->index;
    connections[last->index] = last;
    close(connection->fd);
    free(connection->pending);
    free(connection);
}

static uint32_t interest_with_pending(void) { return mode == MODE_BROADCAST ? EPOLLIN | EPOLLOUT : EPOLLOUT; }

/** Keeps bytes for later. False if there are too many of them. */
static bool keep(struct connection* connection, const unsigned char* data, size_t length) {
    if (connection->pending == NULL) {
        watch(connection, EPOLL_CTL_MOD, interest_with_pending());
        connection->pending_begin = connection->pending_end = 0;
    }
    if (connection->pending_end + length > MOST_PENDING_BYTES) return false;
    unsigned char* grown = realloc(connection->pending, connection->pending_end + length);
    if (grown == NULL) die("realloc");
    memcpy(grown + connection->pending_end, data, length);
    connection->pending = grown;
    connection->pending_end += length;
    return true;
}

/** Sends what the kernel takes and keeps the rest. False if the connection is lost. */
static bool send_or_keep(struct connection* connection, const unsigned char* data, size_t length) {
    ssize_t sent = 0;
    if (connection->pending == NULL) {
        sent = send(connection->fd, data, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent < 0) sent = 0;
    }
    if ((size_t)sent == length) return true;
    return keep(connection, data + sent, length - (size_t)sent);
}

static bool send_pending(struct connection* connection) {
    size_t length = connection->pending_end - connection->pending_begin;
    ssize_t sent =
        send(connection->fd, connection->pending + connection->pending_begin, length, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection->pending_begin += (size_t)sent;
    if ((size_t)sent < length) return true;
    free(connection->pending);
    connection->pending = NULL;
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    return true;
}

static void relay(const struct connection* from, size_t length) {
    for (size_t i = 0; i < connection_count; ++i) {
        // A receiver whose send fails is reported by epoll and dropped there.
        if (connections[i] != from && !send_or_keep(connections[i], buffer, length)) {
            shutdown(connections[i]->fd, SHUT_RDWR);
        }
    }
}

static void sleep_ms(long ms) {
    struct timespec duration = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&duration, NULL);
}

static void serve(struct connection* connection, uint32_t events) {
    if ((events & EPOLLOUT) != 0 && connection->pending != NULL && !send_pending(connection)) {
        drop(connection);
        return;
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
    ssize_t length = recv(connection->fd, buffer, receive_bytes, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (mode == MODE_STORM && length > 1) sleep_ms(length);
    if (length <= 0) {
        drop(connection);
    } else if (mode == MODE_BROADCAST) {
        relay(connection, (size_t)length);
    } else if (!send_or_keep(connection, buffer, (size_t)length)) {
        drop(connection);
    }
}

static void add(int fd) {
    if (connection_count == connection_capacity) {
        connection_capacity = connection_capacity * 2 + 64;
        connections = realloc(connections, connection_capacity * sizeof *connections);
    }
    struct connection* connection = calloc(1, sizeof *connection);
    if (connections == NULL || connection == NULL) die("out of memory");
    connection->fd = fd;
    connection->index = connection_count;
    connections[connection_count++] = connection;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    if (mode != MODE_ECHO && !send_or_keep(connection, (const unsigned char*)"!", 1)) drop(connection);
}

static void accept_all(int listener) {
    for (;;) {
        // TCP_NODELAY is inherited from the listener.
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            add(fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            die("accept4");
        }
    }
}

static int listen_on_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr*)&address, &length) != 0) {
        die("listen");
    }
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char** arguments) {
    const char* name = count > 1 ? arguments[1] : "echo";
    mode = strcmp(name, "broadcast") == 0 ? MODE_BROADCAST
           : strcmp(name, "storm") == 0   ? MODE_STORM
                                          : MODE_ECHO;
    if (count > 2) receive_bytes = (size_t)atoi(arguments[2]);
    buffer = malloc(receive_bytes);
    // The runner asks every server to collect its garbage with this signal; this one has none.
    signal(SIGUSR2, SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (buffer == NULL || setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) die("epoll_create1");
    struct connection listener = {.fd = listen_on_loopback()};
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        struct epoll_event events[MOST_EVENTS];
        int ready = epoll_wait(epoll_fd, events, MOST_EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            struct connection* connection = events[i].data.ptr;
            if (connection == &listener) {
                accept_all(listener.fd);
            } else {
                serve(connection, events[i].events);
            }
        }
    }
}
