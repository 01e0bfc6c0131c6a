// The yardstick of the HTTP benches: a bare epoll loop in C that looks for the empty line behind a request and sends a fixed
// answer. One thread, level-triggered. `GET /SIZE` gets SIZE times the letter x; a body above 1 MiB is sent 64 KiB at a time.
//
// The first line on standard output is the port as JSON.

#define _GNU_SOURCE
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
#include <unistd.h>

enum { MOST_EVENTS = 512, RECEIVE_BYTES = 64 * 1024, PIECE_BYTES = 64 * 1024 };

struct connection {
    int fd;
    /** Bytes of a long body that are still to be sent. */
    long left;
};

static int epoll_fd;
static char received[RECEIVE_BYTES + 1];
static char answer[PIECE_BYTES + 1024];
static char piece[PIECE_BYTES];

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(struct connection* connection, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) != 0) die("epoll_ctl");
}

static void drop(struct connection* connection) {
    close(connection->fd);
    free(connection);
}

/** Sends what the kernel takes of a long body. False if the connection is lost. */
static bool send_left(struct connection* connection) {
    while (connection->left > 0) {
        size_t length = connection->left < PIECE_BYTES ? (size_t)connection->left : PIECE_BYTES;
        ssize_t sent = send(connection->fd, piece, length, MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN;
        connection->left -= sent;
    }
    watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    return true;
}

static bool reply(struct connection* connection, long size) {
    int head = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 10:37:34 GMT\r\nContent-Length: %ld\r\n"
                        "Content-Type: text/html; charset=ISO-8859-1\r\n\r\n",
                        size);
    size_t length = (size_t)head;
    if (size <= PIECE_BYTES) {
        memset(answer + head, 'x', (size_t)size);
        length += (size_t)size;
    } else {
        connection->left = size;
        watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
    }
    return send(connection->fd, answer, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void serve(struct connection* connection, uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        if (!send_left(connection)) drop(connection);
        return;
    }
    ssize_t length = recv(connection->fd, received, RECEIVE_BYTES, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (length > 0) {
        received[length] = 0;
        bool is_request = memcmp(received, "GET /", 5) == 0 && strstr(received, "\r\n\r\n") != NULL;
        if (is_request && reply(connection, atol(received + 5))) return;
    }
    drop(connection);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && errno == EAGAIN) return;
        if (fd < 0) die("accept4");
        struct connection* connection = calloc(1, sizeof *connection);
        if (connection == NULL) die("out of memory");
        connection->fd = fd;
        watch(connection, EPOLL_CTL_ADD, EPOLLIN);
    }
}

int main(void) {
    signal(SIGUSR2, SIG_IGN);
    memset(piece, 'x', sizeof piece);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr*)&address, length) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr*)&address, &length) != 0) {
        die("listen");
    }
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) die("epoll_create1");
    struct connection listener = {.fd = fd};
    watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        struct epoll_event events[MOST_EVENTS];
        int ready = epoll_wait(epoll_fd, events, MOST_EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            struct connection* connection = events[i].data.ptr;
            if (connection == &listener) accept_all(fd);
            else serve(connection, events[i].events);
        }
    }
}
