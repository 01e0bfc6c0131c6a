// Time, the server's CPU and memory, and the line of results.
//
// The server's CPU time is the kernel's clock of that process: all its threads, user and system, in nanoseconds. The kernel
// samples its division into user and system time, at its clock tick. Work that the kernel does for a packet inside a system
// call of the other side (loopback delivers in the sender's call) counts for the sender, equally for every server.

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) fail("cannot read a clock; did the server end?");
    return (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/** Reads two fields of /proc/PID/stat. Its second field, the name in parentheses, may contain any character. */
static void read_server_ticks(uint64_t* user, uint64_t* system) {
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", settings.server_pid);
    FILE* file = fopen(path, "r");
    const char* rest = file != NULL && fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    static const char FIELDS_3_TO_15[] = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64;
    if (rest == NULL || sscanf(rest + 1, FIELDS_3_TO_15, user, system) != 2) fail("cannot read %s", path);
    fclose(file);
}

static void begin(struct meter* meter, uint64_t now) {
    uint64_t user;
    uint64_t system;
    read_server_ticks(&user, &system);
    meter->server_user_ticks -= user;
    meter->server_system_ticks -= system;
    meter->measured_ns -= now;
    meter->server_cpu_ns -= clock_ns(meter->server_clock);
    meter->load_cpu_ns -= clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    meter->is_measuring = true;
}

static void end(struct meter* meter, uint64_t now) {
    meter->measured_ns += now;
    meter->server_cpu_ns += clock_ns(meter->server_clock);
    meter->load_cpu_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    meter->is_measuring = false;
    uint64_t user;
    uint64_t system;
    read_server_ticks(&user, &system);
    meter->server_user_ticks += user;
    meter->server_system_ticks += system;
}

void meter_start(struct meter* meter) {
    int error = clock_getcpuclockid(settings.server_pid, &meter->server_clock);
    if (error != 0) {
        errno = error;
        fail("no CPU clock of process %d", settings.server_pid);
    }
    meter->begins_ns = now_ns() + (uint64_t)settings.warmup_ms * 1000000ULL;
    meter->ends_ns = meter->begins_ns + (uint64_t)settings.window_ms * 1000000ULL;
}

bool meter_advance(struct meter* meter, uint64_t now) {
    if (!meter->is_measuring) {
        if (now >= meter->begins_ns) begin(meter, now);
        return true;
    }
    if (now < meter->ends_ns) return true;
    end(meter, now);
    return false;
}

void meter_message(struct meter* meter, uint64_t latency_ns) {
    if (!meter->is_measuring) return;
    meter->messages += 1;
    histogram_record(&meter->latency, latency_ns, 1);
}

void meter_piece_begins(struct meter* meter) { begin(meter, now_ns()); }

void meter_piece_ends(struct meter* meter) { end(meter, now_ns()); }

static uint64_t server_resident_bytes(void) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", settings.server_pid);
    FILE* file = fopen(path, "r");
    unsigned long long total_pages = 0;
    unsigned long long resident_pages = 0;
    if (file == NULL || fscanf(file, "%llu %llu", &total_pages, &resident_pages) != 2)
        fail("cannot read %s", path);
    fclose(file);
    return resident_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void meter_report(const struct meter* meter) {
    const struct histogram* latency = &meter->latency;
    printf(
        "{\"messages\":%llu,\"seconds\":%.9f,\"serverCpuSeconds\":%.9f,\"loadCpuSeconds\":%.9f,"
        "\"serverUserTicks\":%llu,\"serverSystemTicks\":%llu,"
        "\"serverResidentBytes\":%llu,\"backgroundBytes\":%llu,"
        "\"latencyNs\":{\"p50\":%llu,\"p99\":%llu,\"max\":%llu}}\n",
        (unsigned long long)meter->messages, (double)meter->measured_ns / 1e9,
        (double)meter->server_cpu_ns / 1e9, (double)meter->load_cpu_ns / 1e9,
        (unsigned long long)meter->server_user_ticks, (unsigned long long)meter->server_system_ticks,
        (unsigned long long)server_resident_bytes(), (unsigned long long)meter->background_bytes,
        (unsigned long long)histogram_percentile(latency, 50),
        (unsigned long long)histogram_percentile(latency, 99), (unsigned long long)latency->largest);
    fflush(stdout);
}
