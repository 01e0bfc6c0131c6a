// Schedules of operations over real sockets: those that once broke the engine or reach different code (fuzz/corpus.txt, a line
// in hexadecimal each), and random ones, the same in each run. SOCKMAN_SCHEDULES asks for more of them, from SOCKMAN_SEED on.

#include "fuzz/engine_schedule.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr unsigned kDefaultSchedules = 300;
constexpr unsigned kMaxScheduleBytes = 256;

unsigned FromEnvironment(const char* name, unsigned otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

std::vector<std::vector<uint8_t>> Corpus() {
    std::vector<std::vector<uint8_t>> inputs;
    std::ifstream file(SOCKMAN_FUZZ_CORPUS);
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::vector<uint8_t> input;
        for (size_t at = 0; at + 1 < line.size(); at += 2) {
            input.push_back(static_cast<uint8_t>(std::stoul(line.substr(at, 2), nullptr, 16)));
        }
        inputs.push_back(std::move(input));
    }
    return inputs;
}

}  // namespace

TEST_CASE("the schedules of the corpus are played as they must be") {
    const auto inputs = Corpus();
    REQUIRE(!inputs.empty());
    for (const auto& input : inputs) sockman::fuzz::PlaySchedule(input.data(), input.size());
}

TEST_CASE("random schedules are played as they must be") {
    const unsigned count = FromEnvironment("SOCKMAN_SCHEDULES", kDefaultSchedules);
    const unsigned first = FromEnvironment("SOCKMAN_SEED", 1);
    for (unsigned seed = first; seed < first + count; ++seed) {
        std::mt19937 random(seed);
        std::vector<uint8_t> input(1 + random() % kMaxScheduleBytes);
        for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
        INFO("seed ", seed);
        sockman::fuzz::PlaySchedule(input.data(), input.size());
    }
}
