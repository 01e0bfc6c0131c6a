// The same job on libuv, the event loop under Node.js, without Node.js: the cost of that layer alone.
//
//   libuv MODE [RECEIVE_BYTES]
//
// Modes, first line of output and back-pressure are those of epoll.c. libuv itself decides how often it reads
// a ready socket.

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum {
    BACKLOG = 4096,
    DEFAULT_RECEIVE_BYTES = 64 * 1024,
    /** Most bytes queued for one slow receiver of broadcasts. */
    MOST_PENDING_BYTES = 16 * 1024 * 1024,
};

enum mode { MODE_ECHO, MODE_STORM, MODE_BROADCAST };

struct connection {
    uv_tcp_t tcp;
    /** Index in `connections`. */
    size_t index;
};

/** A write that the kernel took in part, with its own copy of the bytes. */
struct pending_write {
    uv_write_t request;
    char data[];
};

static enum mode mode;
static char* buffer;
static size_t receive_bytes = DEFAULT_RECEIVE_BYTES;
static struct connection** connections;
static size_t connection_count;
static size_t connection_capacity;

static void check(int status, const char* what) {
    if (status >= 0) return;
    fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
    exit(1);
}

static void* or_die(void* memory) {
    if (memory == NULL) check(UV_ENOMEM, "allocation");
    return memory;
}

static void on_closed(uv_handle_t* handle) { free(handle); }

static void drop(struct connection* connection) {
    if (uv_is_closing((uv_handle_t*)connection)) return;
    struct connection* last = connections[--connection_count];
    last->index = connection->index;
    connections[last->index] = last;
    uv_close((uv_handle_t*)connection, on_closed);
}

static void on_alloc(uv_handle_t* handle, size_t suggested_bytes, uv_buf_t* to) {
    (void)handle;
    (void)suggested_bytes;
    *to = uv_buf_init(buffer, (unsigned)receive_bytes);
}

static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* data);

static void on_written(uv_write_t* request, int status) {
    uv_stream_t* stream = request->handle;
    free(request);
    if (uv_is_closing((uv_handle_t*)stream)) return;
    if (status < 0) {
        drop((struct connection*)stream);
    } else if (mode != MODE_BROADCAST) {
        check(uv_read_start(stream, on_alloc, on_read), "uv_read_start");
    }
}

static void send_or_keep(struct connection* connection, const char* data, size_t length) {
    uv_stream_t* stream = (uv_stream_t*)connection;
    uv_buf_t whole = uv_buf_init((char*)data, (unsigned)length);
    int sent = uv_try_write(stream, &whole, 1);
    if (sent == (int)length) return;
    if (sent == UV_EAGAIN) sent = 0;
    if (sent < 0 || uv_stream_get_write_queue_size(stream) + length > MOST_PENDING_BYTES) {
        drop(connection);
        return;
    }
    size_t rest_bytes = length - (size_t)sent;
    struct pending_write* write = or_die(malloc(sizeof *write + rest_bytes));
    memcpy(write->data, data + sent, rest_bytes);
    uv_buf_t rest = uv_buf_init(write->data, (unsigned)rest_bytes);
    check(uv_write(&write->request, stream, &rest, 1, on_written), "uv_write");
    if (mode != MODE_BROADCAST) uv_read_stop(stream);
}

static void on_read(uv_stream_t* stream, ssize_t length, const uv_buf_t* data) {
    struct connection* connection = (struct connection*)stream;
    if (length == 0) return;
    if (mode == MODE_STORM && length > 1) uv_sleep((unsigned)length);
    if (length < 0) {
        drop(connection);
    } else if (mode == MODE_BROADCAST) {
        // In reverse: a dropped receiver is replaced by the last one, which already has the message.
        for (size_t i = connection_count; i-- > 0;) {
            if (connections[i] != connection) send_or_keep(connections[i], data->base, (size_t)length);
        }
    } else {
        send_or_keep(connection, data->base, (size_t)length);
    }
}

static void on_connection(uv_stream_t* listener, int status) {
    check(status, "accept");
    if (connection_count == connection_capacity) {
        connection_capacity = connection_capacity * 2 + 64;
        connections = or_die(realloc(connections, connection_capacity * sizeof *connections));
    }
    struct connection* connection = or_die(calloc(1, sizeof *connection));
    check(uv_tcp_init(listener->loop, &connection->tcp), "uv_tcp_init");
    check(uv_accept(listener, (uv_stream_t*)connection), "uv_accept");
    check(uv_tcp_nodelay(&connection->tcp, 1), "uv_tcp_nodelay");
    connection->index = connection_count;
    connections[connection_count++] = connection;
    check(uv_read_start((uv_stream_t*)connection, on_alloc, on_read), "uv_read_start");
    if (mode != MODE_ECHO) send_or_keep(connection, "!", 1);
}

int main(int count, char** arguments) {
    const char* name = count > 1 ? arguments[1] : "echo";
    mode = strcmp(name, "broadcast") == 0 ? MODE_BROADCAST
           : strcmp(name, "storm") == 0   ? MODE_STORM
                                          : MODE_ECHO;
    if (count > 2) receive_bytes = (size_t)atoi(arguments[2]);
    buffer = or_die(malloc(receive_bytes));
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    uv_loop_t* loop = uv_default_loop();
    uv_tcp_t listener;
    struct sockaddr_in address;
    int length = sizeof address;
    check(uv_tcp_init(loop, &listener), "uv_tcp_init");
    check(uv_ip4_addr("127.0.0.1", 0, &address), "uv_ip4_addr");
    check(uv_tcp_bind(&listener, (struct sockaddr*)&address, 0), "uv_tcp_bind");
    check(uv_listen((uv_stream_t*)&listener, BACKLOG, on_connection), "uv_listen");
    check(uv_tcp_getsockname(&listener, (struct sockaddr*)&address, &length), "uv_tcp_getsockname");
    printf("{\"port\":%d}\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
