// The same job on Deno's own sockets: one async loop for each connection, the idiom of Deno. Run as `deno run --allow-net
// deno.mjs MODE`; modes and first line of output are those of epoll.c.

const mode = Deno.args[0] ?? 'echo';
const RECEIVE_BYTES = 64 * 1024;

/** Most messages queued for one slow receiver of broadcasts. */
const MOST_PENDING_MESSAGES = 262_144;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** @type {Set<{ connection: Deno.TcpConn, queue: Uint8Array[], isSending: boolean }>} */
const receivers = new Set();

async function sendAll(connection, bytes) {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function sendQueue(receiver) {
  receiver.isSending = true;
  for (let bytes = receiver.queue.shift(); bytes !== undefined; bytes = receiver.queue.shift()) {
    await sendAll(receiver.connection, bytes);
  }
  receiver.isSending = false;
}

function relay(from, bytes) {
  for (const receiver of receivers) {
    if (receiver === from) continue;
    receiver.queue.push(bytes);
    if (receiver.queue.length > MOST_PENDING_MESSAGES) receiver.connection.close();
    else if (!receiver.isSending) sendQueue(receiver).catch(() => receivers.delete(receiver));
  }
}

async function serve(connection) {
  connection.setNoDelay(true);
  const buffer = new Uint8Array(RECEIVE_BYTES);
  const receiver = { connection, queue: [], isSending: false };
  if (mode !== 'echo') await sendAll(connection, new TextEncoder().encode('!'));
  if (mode === 'broadcast') receivers.add(receiver);
  try {
    for (let length = await connection.read(buffer); length !== null; length = await connection.read(buffer)) {
      if (mode === 'storm' && length > 1) Atomics.wait(sleeper, 0, 0, length);
      if (mode === 'broadcast') relay(receiver, buffer.slice(0, length));
      else await sendAll(connection, buffer.subarray(0, length));
    }
  } finally {
    receivers.delete(receiver);
    connection.close();
  }
}

const listener = Deno.listen({ hostname: '127.0.0.1', port: 0, tcpBacklog: 4096 });
console.log(JSON.stringify({ port: listener.addr.port, version: `Deno ${Deno.version.deno}` }));
Deno.addSignalListener('SIGUSR2', () => globalThis.gc?.());
for (;;) {
  try {
    const connection = await listener.accept();
    // A reset connection ends its own loop only.
    serve(connection).catch(() => {});
  } catch (error) {
    // Deno asks for the peer's address while it accepts, and the peer may have gone.
    if (!(error instanceof Deno.errors.NotConnected)) throw error;
  }
}
