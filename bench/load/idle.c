// Idle: opens `idle` connections, sends nothing for the window and measures the cost for the server. The connections stay
// open until standard input ends, so that the caller can look at the server's memory.

#include <errno.h>
#include <time.h>

#include "load.h"

static void sleep_ms(int milliseconds) {
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = (milliseconds % 1000) * 1000000L};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) continue;
}

void idle_window(struct meter* meter) {
    meter_start(meter);
    sleep_ms(settings.warmup_ms);
    meter_piece_begins(meter);
    sleep_ms(settings.window_ms);
    meter_piece_ends(meter);
}

void run_idle(struct meter* meter) {
    clients_open(settings.idle, 0, false);
    idle_window(meter);
}
