// A SOCKS5 proxy that costs very little, for the bench dial-socks5: one thread on epoll, no authentication, every request is
// granted at once and nothing is connected. With it the dialer is the limit.
//
//   grant-socks5
//
// Listens on a free port of 127.0.0.1, prints it as JSON in the first line on standard output, and serves until it is
// killed. A dialer sends its greeting and its request each in one segment, as all dialers of the bench do; on loopback they
// arrive as such, and anything else closes the connection.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MOST_EVENTS = 512,
    /** Longest request: a host of 255 bytes. (RFC 1928 section 4) */
    MOST_REQUEST_BYTES = 262,
    /** Version, number of methods, one method. */
    LEAST_GREETING_BYTES = 3,
    /** Version, command, reserved, address type, and IPv4 address and port. */
    LEAST_REQUEST_BYTES = 10,
};

/** By descriptor: whether the greeting was answered. */
static bool* is_greeted;

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(int epoll_fd, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

static void accept_all(int epoll_fd, int listener) {
    for (;;) {
        // TCP_NODELAY is inherited from the listener.
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            is_greeted[fd] = false;
            watch(epoll_fd, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            die("accept4");
        }
    }
}

/** Answers one message. False if the connection is over. */
static bool answer(int fd) {
    unsigned char bytes[MOST_REQUEST_BYTES];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count < (is_greeted[fd] ? LEAST_REQUEST_BYTES : LEAST_GREETING_BYTES) || bytes[0] != 5) return false;
    if (is_greeted[fd]) return send(fd, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00", 10, MSG_NOSIGNAL) == 10;
    is_greeted[fd] = true;
    return send(fd, "\x05\x00", 2, MSG_NOSIGNAL) == 2;
}

static int listen_on_loopback(void) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr*)&address, &length) != 0) {
        die("listen");
    }
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
    is_greeted = calloc(limit.rlim_cur, sizeof *is_greeted);
    const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (is_greeted == NULL || epoll_fd < 0) die("start");
    const int listener = listen_on_loopback();
    watch(epoll_fd, listener);
    for (;;) {
        struct epoll_event events[MOST_EVENTS];
        const int ready = epoll_wait(epoll_fd, events, MOST_EVENTS, -1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; ++i) {
            const int fd = events[i].data.fd;
            if (fd == listener) {
                accept_all(epoll_fd, listener);
            } else if (!answer(fd)) {
                close(fd);
            }
        }
    }
}
