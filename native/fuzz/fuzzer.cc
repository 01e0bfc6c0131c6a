// The entry of libFuzzer. `npm run fuzz -- engine` builds and runs it.

#include "fuzz/engine_schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    sockman::fuzz::PlaySchedule(bytes, length);
    return 0;
}
