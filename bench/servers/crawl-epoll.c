// The kernel's cost of a visit: the same visit over V1 as in crawl-node-net.mjs, by a bare epoll loop. Its messages come
// framed from the command line, and it does not check the checksums of those it receives: the least that a visit can cost.
//
//   crawl-epoll ADDRESS PORT CONCURRENCY QUIET_MS VERSION GREETING PING        the last three as hex
//
// Prints one line of JSON when all announced addresses have been visited.

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>
#include <unistd.h>

enum { kHeaderBytes = 24, kBufferBytes = 65536, kEvents = 256, kSweepMs = 50 };

struct Message {
  uint8_t bytes[512];
  size_t length;
};

struct Visit {
  int fd;  // -1: free
  size_t filled;
  double over_at_ms;
  uint8_t buffer[kBufferBytes];
};

static struct Message version, greeting, ping;
static struct Visit* visits;
static int* free_visits;
static int concurrency, free_count, epoll_fd, reachable;
static double quiet_ms;

// Addresses: a table of keys, and the list of them in the order of their announcement.
static uint64_t* known;
static uint64_t* queue;
static size_t known_size = 1 << 20, known_count, next_in_queue;

static void Fail(const char* what) {
  perror(what);
  exit(1);
}

static double NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static struct Message FromHex(const char* text) {
  struct Message message = {.length = strlen(text) / 2};
  if (message.length > sizeof(message.bytes)) exit(2);
  for (size_t i = 0; i < message.length; i++) sscanf(text + 2 * i, "%2hhx", &message.bytes[i]);
  return message;
}

static void Learn(uint32_t address, uint16_t port) {
  const uint64_t key = (uint64_t)address << 16 | port;
  size_t at = (key * 0x9e3779b97f4a7c15ull) >> 44;
  while (known[at] != 0) {
    if (known[at] == key) return;
    at = (at + 1) & (known_size - 1);
  }
  if (known_count == known_size / 2) exit(3);
  known[at] = key;
  queue[known_count++] = key;
}

static uint64_t CompactSize(const uint8_t** at) {
  const uint8_t first = *(*at)++;
  const int width = first < 0xfd ? 0 : first == 0xfd ? 2 : first == 0xfe ? 4 : 8;
  if (width == 0) return first;
  uint64_t value = 0;
  memcpy(&value, *at, width);
  *at += width;
  return value;
}

static uint64_t ReadAddresses(const uint8_t* at) {
  const uint64_t count = CompactSize(&at);
  for (uint64_t i = 0; i < count; i++) {
    at += 4;
    CompactSize(&at);
    const uint8_t network = *at++;
    const uint64_t length = CompactSize(&at);
    uint32_t address;
    uint16_t port;
    memcpy(&address, at, 4);
    memcpy(&port, at + length, 2);
    if (network == 1) Learn(ntohl(address), ntohs(port));
    at += length + 2;
  }
  return count;
}

static void End(struct Visit* visit) {
  close(visit->fd);
  visit->fd = -1;
  free_visits[free_count++] = visit - visits;
}

static void Say(struct Visit* visit, const struct Message* message) {
  if (send(visit->fd, message->bytes, message->length, MSG_NOSIGNAL) != (ssize_t)message->length) End(visit);
}

static void TakeMessages(struct Visit* visit) {
  size_t at = 0;
  while (visit->fd >= 0 && visit->filled - at >= kHeaderBytes) {
    const uint8_t* header = visit->buffer + at;
    uint32_t length;
    memcpy(&length, header + 16, 4);
    if (visit->filled - at - kHeaderBytes < length) break;
    const char* type = (const char*)header + 4;
    if (strncmp(type, "version", 12) == 0) Say(visit, &greeting);
    if (strncmp(type, "verack", 12) == 0) {
      reachable++;
      Say(visit, &ping);
    }
    if (strncmp(type, "addrv2", 12) == 0 && ReadAddresses(header + kHeaderBytes) > 1)
      visit->over_at_ms = NowMs() + quiet_ms;
    at += kHeaderBytes + length;
  }
  visit->filled -= at;
  memmove(visit->buffer, visit->buffer + at, visit->filled);
}

static void Receive(struct Visit* visit) {
  const ssize_t count = recv(visit->fd, visit->buffer + visit->filled, kBufferBytes - visit->filled, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return End(visit);
  visit->filled += count;
  TakeMessages(visit);
}

static void Dial(void) {
  struct Visit* visit = &visits[free_visits[--free_count]];
  const uint64_t key = queue[next_in_queue++];
  visit->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (visit->fd < 0) Fail("socket");
  const int on = 1;
  setsockopt(visit->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(key & 0xffff), .sin_addr = {htonl(key >> 16)}};
  if (connect(visit->fd, (struct sockaddr*)&to, sizeof(to)) != 0 && errno != EINPROGRESS) Fail("connect");
  visit->filled = 0;
  visit->over_at_ms = NowMs() + 60e3;
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = visit};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, visit->fd, &event) != 0) Fail("epoll_ctl");
}

static void TakeEvent(const struct epoll_event* event) {
  struct Visit* visit = event->data.ptr;
  if (visit->fd < 0) return;
  if ((event->events & EPOLLOUT) == 0) return Receive(visit);
  struct epoll_event next = {.events = EPOLLIN, .data.ptr = visit};
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, visit->fd, &next);
  Say(visit, &version);
}

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  struct in_addr first;
  inet_pton(AF_INET, argv[1], &first);
  concurrency = atoi(argv[3]);
  quiet_ms = atof(argv[4]);
  version = FromHex(argv[5]);
  greeting = FromHex(argv[6]);
  ping = FromHex(argv[7]);
  visits = calloc(concurrency, sizeof(*visits));
  free_visits = calloc(concurrency, sizeof(*free_visits));
  known = calloc(known_size, sizeof(*known));
  queue = calloc(known_size, sizeof(*queue));
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < concurrency; i++) {
    visits[i].fd = -1;
    free_visits[free_count++] = i;
  }
  Learn(ntohl(first.s_addr), atoi(argv[2]));
  const double began_ms = NowMs();
  double next_sweep_ms = began_ms;
  int peak = 0;
  while (free_count < concurrency || next_in_queue < known_count) {
    while (free_count > 0 && next_in_queue < known_count) Dial();
    if (concurrency - free_count > peak) peak = concurrency - free_count;
    struct epoll_event events[kEvents];
    const int count = epoll_wait(epoll_fd, events, kEvents, kSweepMs);
    for (int i = 0; i < count; i++) TakeEvent(&events[i]);
    const double now_ms = NowMs();
    if (now_ms < next_sweep_ms) continue;
    next_sweep_ms = now_ms + kSweepMs;
    for (int i = 0; i < concurrency; i++)
      if (visits[i].fd >= 0 && now_ms >= visits[i].over_at_ms) End(&visits[i]);
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("{\"reachable\":%d,\"known\":%zu,\"peakInFlight\":%d,\"ms\":%.1f,\"cpu\":{\"user\":%ld,\"system\":%ld},\"rss\":%ld}\n", reachable,
         known_count, peak, NowMs() - began_ms, used.ru_utime.tv_sec * 1000000L + used.ru_utime.tv_usec,
         used.ru_stime.tv_sec * 1000000L + used.ru_stime.tv_usec, used.ru_maxrss);
  return 0;
}
