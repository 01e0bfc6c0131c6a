// What must hold in a schedule: a line on standard error and an abort where it does not, which is what fuzzers look for.

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
