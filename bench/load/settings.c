// The settings, from the command line; and the end of a run that cannot go on.

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void read_settings(int count, char** arguments) {
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
