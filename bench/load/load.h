// The load generator: one process, one thread, one epoll set. It plays the clients of one server process,
// checks every byte that comes back, and prints one line of JSON. This header is what its files share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

// ---- settings.c
// -----------------------------------------------------------------------------------------------

/** What to do, from the command line. Sizes in bytes, times in milliseconds. */
struct settings {
    const char* mode;
    int server_pid;
    int port;
    int connections;
    int message_bytes;
    /** Messages of one connection in flight at a time. */
    int depth;
    int warmup_ms;
    int window_ms;
    /** Connections beside the measured ones: silent, sending without end, sending without end and hardly
     * reading. */
    int idle;
    int flood;
    int slow;
    /** Bytes a slow connection reads every `SLOW_TICK_MS`; 0 means never. */
    int slow_read_bytes;
    /** Open and close cycles of the soak. */
    int cycles;
};

extern struct settings settings;

/** Reads the command line. An invalid one ends the process. */
void read_settings(int count, char** arguments);

/** Prints a sentence and the text of errno when it is not 0, and ends the process: a broken run has no
 * result. */
void fail(const char* format, ...) __attribute__((noreturn, format(printf, 1, 2)));

// ---- histogram.c
// ----------------------------------------------------------------------------------------------

enum {
    SUB_BUCKET_BITS = 6,
    SUB_BUCKETS = 1 << SUB_BUCKET_BITS,
    HISTOGRAM_BUCKETS = (64 - SUB_BUCKET_BITS + 1) * SUB_BUCKETS
};

/** Counts of values in logarithmic buckets of 64 steps each: every percentile is accurate to 1.6 %. */
struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t largest;
};

void histogram_record(struct histogram* histogram, uint64_t value, uint64_t count);
uint64_t histogram_percentile(const struct histogram* histogram, double percent);

// ---- meter.c
// --------------------------------------------------------------------------------------------------

/** The warm-up, the measured window and the counts in it. */
struct meter {
    clockid_t server_clock;
    uint64_t begins_ns;
    uint64_t ends_ns;
    bool is_measuring;
    uint64_t measured_ns;
    uint64_t server_cpu_ns;
    /** The server's CPU time as the system sampled it, for its division into user and system: in clock ticks. */
    uint64_t server_user_ticks;
    uint64_t server_system_ticks;
    uint64_t load_cpu_ns;
    uint64_t messages;
    uint64_t background_bytes;
    struct histogram latency;
};

uint64_t now_ns(void);
void meter_start(struct meter* meter);
/** Moves from warm-up to window to end as time passes. False once the window is over. */
bool meter_advance(struct meter* meter, uint64_t now);
void meter_message(struct meter* meter, uint64_t latency_ns);
/** For loads that measure in pieces: adds the time and CPU between the two calls. */
void meter_piece_begins(struct meter* meter);
void meter_piece_ends(struct meter* meter);
/** Prints the line of results. */
void meter_report(const struct meter* meter);

// ---- client.c
// -------------------------------------------------------------------------------------------------

enum { CHUNK_BYTES = 256 * 1024 };

/** One client connection. What it sends is a place in an endless pattern, so that no byte needs storing to be
 * checked. */
struct client {
    int fd;
    uint64_t pattern_offset;
    uint64_t sent_bytes;
    uint64_t received_bytes;
    uint64_t started_messages;
    uint64_t completed_messages;
    /** Start times of the messages in flight, `depth` of them in a ring. */
    uint64_t* started_at_ns;
};

void prepare_clients(void);
/** Opens one connection to the server. Each has its own place in the pattern; closing it sends RST: no
 * TIME_WAIT is left. */
void client_open(struct client* client, uint64_t number);
void client_close(struct client* client);
/** Begins a new stream on an open connection with nothing in flight. */
void client_restart(struct client* client);
/** Opens `count` connections, never more than the server's backlog ahead of its accept loop. */
struct client* clients_open(int count, uint64_t first_number, bool server_greets);
void client_watch(const struct client* client, int epoll_fd, uint32_t events);
/** Sends from the pattern up to stream position `until`. False if the kernel took less. */
bool client_send_until(struct client* client, uint64_t until);
/** Receives once and checks every byte. @returns bytes, or 0 for nothing there. A close or an error ends the
 * run. */
size_t client_receive(struct client* client, size_t most);
/** Waits for the byte that a greeting server sends first. */
void client_await_greeting(struct client* client);
/** Whether there is something to receive. */
bool client_has_answer(const struct client* client);
/** Waits until everything sent has come back. */
void client_await_echo(struct client* client);
/** One byte there and back. All that the server had to do before has been done when it returns, or is at the
 * most a turn away. */
void client_ping(struct client* client);

// ---- one file for each mode
// -----------------------------------------------------------------------------------

void run_echo(struct meter* meter);
void run_churn(struct meter* meter);
void run_soak(struct meter* meter);
void run_storm(struct meter* meter);
void run_broadcast(struct meter* meter);
void run_idle(struct meter* meter);
void run_http(struct meter* meter);
void run_http_idle(struct meter* meter);

/** Measures a window in which the load does nothing. */
void idle_window(struct meter* meter);
