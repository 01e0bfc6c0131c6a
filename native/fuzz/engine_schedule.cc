#include "fuzz/engine_schedule.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "fuzz/must.h"
#include "fuzz/stage.h"

namespace sockman::fuzz {

namespace {

/** Small, so that a stream takes several receives, and a batch fills its slab. */
constexpr size_t kChunkBytes = 512;

class Reader {
public:
    Reader(const uint8_t* bytes, size_t length) : m_bytes(bytes), m_left(length) {}
    bool IsOver() const { return m_left == 0; }
    uint8_t Byte() {
        if (m_left == 0) return 0;
        --m_left;
        return *m_bytes++;
    }
    /** 1 to `kMaxSendBytes`, small ones as likely as large ones. */
    size_t Size() {
        const uint8_t how = Byte();
        return std::min<size_t>(kMaxSendBytes, (size_t{1} << (how & 15)) + (how >> 4));
    }

private:
    const uint8_t* m_bytes;
    size_t m_left;
};

class Play {
public:
    Play(const uint8_t* bytes, size_t length) : m_in(bytes, length), m_stage(MakeStage(m_in)) {}

    void Run() {
        while (!m_in.IsOver()) Step(false);
        m_stage.Settle();
        m_stage.TearDown();
    }

private:
    static Stage MakeStage(Reader& in) {
        const uint8_t setup = in.Byte();
        const auto pollers = PollerNames();
        EngineOptions options;
        options.receive_chunk_bytes = kChunkBytes;
        options.accept_batch = 1 + (setup >> 1 & 3);
        if ((setup & 8) != 0) options.socket.send_buffer_bytes = 4096;
        if ((setup & 16) != 0) options.socket.receive_buffer_bytes = 2048;
        if ((setup & 32) != 0) options.max_sockets = 6;
        return {(setup & 1) != 0 ? AF_INET6 : AF_INET, pollers[(setup >> 6) % pollers.size()], options};
    }

    /** @param is_inside - Within a batch: everything except turns may be called. */
    void Step(bool is_inside) {
        const uint8_t op = m_in.Byte() % 21;
        Connection* one = Pick();
        switch (op) {
            case 0:
            case 1:
            case 2:
                if (!is_inside) m_stage.Turn(0, [this] { BehindRecord(); });
                break;
            case 3:
                if (m_stage.CanDialListener()) m_stage.DialListener(m_in.Byte());
                break;
            case 4:
                m_stage.DialOut();
                break;
            case 5:
                m_stage.AcceptPlain();
                break;
            case 6:
            case 7:
                if (one != nullptr) m_stage.PeerSends(*one, m_in.Size());
                break;
            case 8:
                if (one != nullptr) m_stage.PeerReads(*one);
                break;
            case 9:
                if (one != nullptr) m_stage.PeerShutsDown(*one);
                break;
            case 10:
                if (one != nullptr) m_stage.ClosePeer(*one, (m_in.Byte() & 1) != 0);
                break;
            case 11:
            case 12:
                if (one != nullptr) m_stage.EngineSends(*one, m_in.Size());
                break;
            case 13:
                if (one != nullptr) m_stage.SetReceiving(*one, (m_in.Byte() & 1) != 0);
                break;
            case 14:
                if (one != nullptr) m_stage.EngineCloses(*one, (m_in.Byte() & 1) != 0);
                break;
            case 15:
                if (one != nullptr) m_stage.EngineShutsDown(*one);
                break;
            case 16:
                // Within a batch the turn loop receives where a record offers it: another record of the socket may follow.
                if (one != nullptr && !is_inside) m_stage.EngineReceives(*one);
                break;
            case 17:
                m_stage.Listen();
                break;
            case 18:
                ChangeListener(m_in.Byte());
                break;
            case 19:
                if (one != nullptr) m_stage.Ask(*one);
                break;
            default:
                if (m_in.Byte() == 0xff) m_stage.Destroy();
                break;
        }
    }

    /** A handler may call anything. */
    void BehindRecord() {
        if (!m_in.IsOver() && (m_in.Byte() & 3) == 0) Step(true);
    }

    Connection* Pick() { return m_stage.HasConnections() ? &m_stage.At(m_in.Byte()) : nullptr; }

    void ChangeListener(uint8_t how) {
        if ((how & 3) == 0) return m_stage.CloseListener(how >> 2);
        m_stage.SetAccepting(how >> 2, (how & 3) == 1);
    }

    Reader m_in;
    Stage m_stage;
};

/** The next free descriptor: a higher one than before means that one was left open. */
int NextDescriptor() {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

}  // namespace

void PlaySchedule(const uint8_t* bytes, size_t length) {
    const int before = NextDescriptor();
    {
        Play play(bytes, length);
        play.Run();
    }
    MUST(NextDescriptor() == before, "a descriptor is left");
}

}  // namespace sockman::fuzz
