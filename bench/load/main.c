// Reads the command line, runs one mode, prints one line of JSON.
//
//   load --mode echo --pid 4711 --port 40000 --connections 100 --message-bytes 64 --depth 1 --window-ms 1000
//   ...

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"

struct settings settings = {
    .mode = "echo", .connections = 1, .message_bytes = 64, .depth = 1, .warmup_ms = 200, .window_ms = 1000};

static const struct {
    const char* name;
    int* value;
} INTEGER_OPTIONS[] = {
    {"pid", &settings.server_pid},
    {"port", &settings.port},
    {"connections", &settings.connections},
    {"message-bytes", &settings.message_bytes},
    {"depth", &settings.depth},
    {"warmup-ms", &settings.warmup_ms},
    {"window-ms", &settings.window_ms},
    {"idle", &settings.idle},
    {"flood", &settings.flood},
    {"slow", &settings.slow},
    {"slow-read-bytes", &settings.slow_read_bytes},
    {"cycles", &settings.cycles},
};

static const struct {
    const char* name;
    void (*run)(struct meter* meter);
} MODES[] = {
    {"echo", run_echo},   {"churn", run_churn},         {"soak", run_soak},
    {"storm", run_storm}, {"broadcast", run_broadcast}, {"idle", run_idle},
};

void fail(const char* format, ...) {
    int error = errno;
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s%s\n", error != 0 ? ": " : "", error != 0 ? strerror(error) : "");
    exit(1);
}

static void read_settings(int count, char** arguments) {
    for (int i = 1; i < count; i += 2) {
        const char* name = arguments[i] + strspn(arguments[i], "-");
        if (i + 1 == count) fail("--%s has no value", name);
        bool is_known = strcmp(name, "mode") == 0;
        if (is_known) settings.mode = arguments[i + 1];
        for (size_t k = 0; k < sizeof INTEGER_OPTIONS / sizeof *INTEGER_OPTIONS; ++k) {
            if (strcmp(name, INTEGER_OPTIONS[k].name) != 0) continue;
            *INTEGER_OPTIONS[k].value = atoi(arguments[i + 1]);
            is_known = true;
        }
        if (!is_known) fail("no option --%s", name);
    }
    if (settings.server_pid <= 0 || settings.port <= 0) fail("--pid and --port name the server");
    if (settings.connections < 1 || settings.message_bytes < 1 || settings.depth < 1)
        fail("sizes start at 1");
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

int main(int count, char** arguments) {
    static struct meter meter;
    errno = 0;
    read_settings(count, arguments);
    raise_descriptor_limit();
    prepare_clients();
    errno = 0;
    for (size_t i = 0; i < sizeof MODES / sizeof *MODES; ++i) {
        if (strcmp(settings.mode, MODES[i].name) != 0) continue;
        MODES[i].run(&meter);
        meter_report(&meter);
        if (MODES[i].run == run_idle) getchar();
        return 0;
    }
    fail("no mode %s", settings.mode);
}
