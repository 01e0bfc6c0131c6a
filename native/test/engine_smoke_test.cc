#include "support.h"

namespace sockman::test {

TEST_CASE("a message goes both ways between an accepted socket and its peer") {
    FOR_EACH_POLLER(poller) {
        World world(poller);
        auto [handle, peer] = world.Accepted();
        peer.Send("ping");
        CHECK(world.AwaitBytes(handle, 4) == "ping");
        CHECK(world->Send(handle, "pong", 4, false) == 4);
        CHECK(peer.Receive(4) == "pong");
        peer.Close();
        CHECK(world.Await(kEof).handle == handle);
    }
}

}  // namespace sockman::test
