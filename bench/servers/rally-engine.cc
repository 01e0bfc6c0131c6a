// The rally on the engine of the addon, without Node: the share of native code in a message. See rally-epoll.c.
//
//   rally-engine MESSAGES

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/engine.h"

namespace {

constexpr int kBalls = 64;
constexpr size_t kMessageBytes = 64;

[[noreturn]] void Die(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) Die("usage: rally-engine MESSAGES");
    const long messages = std::atol(arguments[1]);
    const sockman::EngineOptions options;
    sockman::Failure failure;
    const auto engine = sockman::Engine::Make(options, "", nullptr, failure);
    if (engine == nullptr) Die("no poller");
    std::vector<int32_t> records(sockman::kMaxRecords * sockman::kRecordWords);
    std::vector<uint8_t> slab(sockman::Engine::SlabBytes(options.receive_chunk_bytes));

    sockman::SocketAddress any;
    constexpr uint8_t kLoopback[] = {4, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1};
    if (!sockman::Unpack(kLoopback, sizeof kLoopback, any)) Die("no address");
    const sockman::Handle listener = engine->Listen(any, {}).handle;
    uint8_t packed[sockman::kMaxPackedBytes];
    sockman::SocketAddress at;
    if (!sockman::Unpack(packed, engine->AddressOf(listener, sockman::End::Local, packed), at)) Die("no listener");
    for (int i = 0; i < kBalls; ++i) engine->Connect(at, {});

    const std::vector<uint8_t> ball(kMessageBytes, 'b');
    for (long received = 0; received < messages;) {
        const int record_count = engine->Gather(records.data(), slab.data(), -1);
        if (record_count < 0) Die("the poller failed");
        for (int i = 0; i < record_count; ++i) {
            const int32_t* record = &records[static_cast<size_t>(i * sockman::kRecordWords)];
            if (record[1] == sockman::kConnected) {
                engine->Send(record[0], ball.data(), ball.size(), false);
            } else if (record[1] == sockman::kData) {
                engine->Send(record[0], slab.data() + record[2], static_cast<size_t>(record[3]), false);
                ++received;
            }
        }
        engine->FinishBatch();
    }
}
