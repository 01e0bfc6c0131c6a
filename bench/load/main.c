// Reads the command line, runs one mode, prints one line of JSON.
//
//   load --mode echo --pid 4711 --port 40000 --connections 100 --message-bytes 64 --depth 1 --window-ms 1000
//   ...

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "load.h"

static const struct {
    const char* name;
    void (*run)(struct meter* meter);
} MODES[] = {
    {"echo", run_echo},   {"churn", run_churn},         {"soak", run_soak},
    {"storm", run_storm}, {"broadcast", run_broadcast}, {"idle", run_idle},
    {"http", run_http},   {"http-idle", run_http_idle},
    {"rpc", run_http},
};

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
        if (MODES[i].run == run_idle || MODES[i].run == run_http_idle) getchar();
        return 0;
    }
    fail("no mode %s", settings.mode);
}
