// Assertions of a schedule: a violation prints a line on standard error and aborts, which fuzzers detect.

#pragma once

#include <cstdio>
#include <cstdlib>

#define MUST(condition, what)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            std::fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, what, #condition); \
            std::abort();                                                              \
        }                                                                              \
    } while (false)
