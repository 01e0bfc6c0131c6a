// The rally in C: one process holds both ends of 64 connections, and everything that arrives at an end is sent back from it.
// With one thread and no other process, the order of calls is the same in each run, and user-space instructions can be
// counted. Level-triggered, like epoll.c.
//
//   rally-epoll MESSAGES        ends after so many messages of 64 bytes

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BALLS = 64, MESSAGE_BYTES = 64, MOST_EVENTS = 512, RECEIVE_BYTES = 64 * 1024 };

static void die(const char* what) {
    perror(what);
    exit(1);
}

static void watch(int epoll_fd, int fd) {
    const int on = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) die("setsockopt");
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

int main(int count, char** arguments) {
    if (count != 2) return 1;
    long left = atol(arguments[1]);
    int epoll_fd = epoll_create1(0);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (bind(listener, (struct sockaddr*)&address, length) != 0 || listen(listener, BALLS) != 0 ||
        getsockname(listener, (struct sockaddr*)&address, &length) != 0)
        die("listen");
    static unsigned char buffer[RECEIVE_BYTES];
    for (int i = 0; i < BALLS; ++i) {
        int near = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(near, (struct sockaddr*)&address, length) != 0) die("connect");
        int far = accept(listener, NULL, NULL);
        if (far < 0) die("accept");
        watch(epoll_fd, near);
        watch(epoll_fd, far);
        if (send(near, buffer, MESSAGE_BYTES, MSG_NOSIGNAL) != MESSAGE_BYTES) die("send");
    }
    while (left > 0) {
        struct epoll_event events[MOST_EVENTS];
        int ready = epoll_wait(epoll_fd, events, MOST_EVENTS, -1);
        for (int i = 0; i < ready; ++i) {
            ssize_t received = recv(events[i].data.fd, buffer, sizeof buffer, MSG_DONTWAIT);
            if (received <= 0 || send(events[i].data.fd, buffer, (size_t)received, MSG_NOSIGNAL) != received)
                die("echo");
            --left;
        }
    }
    return 0;
}
