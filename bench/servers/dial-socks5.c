// The yardstick of the bench dial-socks5: dials through a SOCKS5 proxy in plain C on epoll, many at a time.
//
//   dial-socks5 PROXY_PORT TARGET_PORT DIALS WINDOW
//
// Keeps WINDOW handshakes in flight until DIALS are done; a connection is closed as soon as the proxy's reply is complete.
// The warm-up comes first and does not count, at most WARM_UP_DIALS dials. Prints the seconds of the others, and their CPU
// seconds, as JSON. Linux only. A handshake that goes wrong ends the program with status 1.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_EVENTS = 512, METHOD_BYTES = 2, REPLY_BYTES = 10, WARM_UP_DIALS = 10000 };

enum Stage { CONNECTING, METHOD, REPLY };

struct Dial {
    int fd;
    enum Stage stage;
    int received;
};

static int g_epoll;
static struct Dial* g_all;
static struct sockaddr_in g_proxy;
static unsigned char g_request[64];
static int g_request_bytes;

static void Fail(const char* what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void Start(struct Dial* dial)
{
    dial->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) Fail("socket");
    const int one = 1;
    setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(dial->fd, (struct sockaddr*)&g_proxy, sizeof g_proxy) < 0 && errno != EINPROGRESS) Fail("connect");
    dial->stage = CONNECTING;
    dial->received = 0;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = dial};
    if (epoll_ctl(g_epoll, EPOLL_CTL_ADD, dial->fd, &event) < 0) Fail("epoll_ctl");
}

static void Send(const struct Dial* dial, const void* bytes, int count)
{
    if (send(dial->fd, bytes, count, MSG_NOSIGNAL) != count) Fail("send");
}

static void OnConnected(struct Dial* dial)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    if (error != 0) Fail("connect");
    Send(dial, "\x05\x01\x00", 3);
    dial->stage = METHOD;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = dial};
    if (epoll_ctl(g_epoll, EPOLL_CTL_MOD, dial->fd, &event) < 0) Fail("epoll_ctl");
}

/* Returns whether the dial is done. */
static int OnReadable(struct Dial* dial)
{
    unsigned char bytes[REPLY_BYTES];
    const int wanted = dial->stage == METHOD ? METHOD_BYTES : REPLY_BYTES;
    const ssize_t count = recv(dial->fd, bytes, wanted - dial->received, 0);
    if (count <= 0) Fail("recv");
    if (dial->received < 2 && dial->received + count >= 2 && bytes[1 - dial->received] != 0) Fail("refused");
    dial->received += count;
    if (dial->received < wanted) return 0;
    if (dial->stage == REPLY) return 1;
    Send(dial, g_request, g_request_bytes);
    dial->stage = REPLY;
    dial->received = 0;
    return 0;
}

static double Now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static double Seconds(struct timeval time)
{
    return time.tv_sec + time.tv_usec / 1e6;
}

static void DialAll(int dials, int window)
{
    int started = 0;
    for (; started < window && started < dials; ++started) Start(&g_all[started]);
    for (int done = 0; done < dials;) {
        struct epoll_event events[MAX_EVENTS];
        const int count = epoll_wait(g_epoll, events, MAX_EVENTS, -1);
        for (int i = 0; i < count; ++i) {
            struct Dial* dial = events[i].data.ptr;
            if (dial->stage == CONNECTING) {
                OnConnected(dial);
            } else if (OnReadable(dial)) {
                close(dial->fd);
                ++done;
                if (started < dials) {
                    ++started;
                    Start(dial);
                }
            }
        }
    }
}

int main(int argc, char** argv)
{
    if (argc != 5) return 2;
    const int target_port = atoi(argv[2]);
    const int dials = atoi(argv[3]);
    const int window = atoi(argv[4]) < dials ? atoi(argv[4]) : dials;
    g_proxy.sin_family = AF_INET;
    g_proxy.sin_port = htons(atoi(argv[1]));
    g_proxy.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const char host[] = "127.0.0.1";
    const int host_bytes = sizeof host - 1;
    memcpy(g_request, "\x05\x01\x00\x03", 4);
    g_request[4] = host_bytes;
    memcpy(g_request + 5, host, host_bytes);
    g_request[5 + host_bytes] = target_port >> 8;
    g_request[6 + host_bytes] = target_port & 0xff;
    g_request_bytes = 7 + host_bytes;

    g_epoll = epoll_create1(EPOLL_CLOEXEC);
    g_all = calloc(window, sizeof *g_all);
    DialAll(WARM_UP_DIALS < dials ? WARM_UP_DIALS : dials, window);
    struct rusage before;
    getrusage(RUSAGE_SELF, &before);
    const double began = Now();
    DialAll(dials, window);
    const double seconds = Now() - began;
    struct rusage after;
    getrusage(RUSAGE_SELF, &after);
    printf("{\"seconds\":%.6f,\"user\":%.6f,\"system\":%.6f}\n", seconds,
           Seconds(after.ru_utime) - Seconds(before.ru_utime), Seconds(after.ru_stime) - Seconds(before.ru_stime));
    return 0;
}
