// A server of Stratum V2 in a network in memory, and clients that a test plays by hand.

import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import { decodeMessage, encodeMessage } from '../../../ts/stratum/messages/registry.ts';
import type { Sv2Frame, Sv2Message, Sv2MessageOf } from '../../../ts/stratum/messages/registry.ts';
import { AuthorityKey, StaticKey } from '../../../ts/stratum/noise/static-key.ts';
import { Sv2Connman } from '../../../ts/stratum/server/sv2-connman.ts';
import type { Sv2ConnmanOptions } from '../../../ts/stratum/server/sv2-connman.ts';
import type { Sv2ServedClient } from '../../../ts/stratum/server/served-client.ts';
import type { Solution, TemplateHandler, TransactionDataAnswer } from '../../../ts/stratum/server/template-handler.ts';
import { Sv2Transport } from '../../../ts/stratum/sv2-transport.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import type { MemoryNetworkOptions, MemoryPeer } from '../../../ts/testing.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const PORT = 8_442;

/** A handler that writes down what it is told. */
export class RecordingHandler implements TemplateHandler {
  readonly told: string[] = [];
  readonly solutions: Solution[] = [];
  readonly requests: bigint[] = [];
  /** What the next requests are answered with. */
  answer: (templateId: bigint) => Promise<TransactionDataAnswer> = async (templateId) => ({
    name: 'RequestTransactionData.Error',
    templateId,
    errorCode: 'template-id-not-found',
  });

  onConstraints(client: Sv2ServedClient): void {
    const { coinbaseOutputMaxAdditionalSize: size, coinbaseOutputMaxAdditionalSigops: sigops } = client.constraints!;
    this.told.push(`constraints ${size}/${sigops}`);
  }

  answerTransactionData(_client: Sv2ServedClient, templateId: bigint): Promise<TransactionDataAnswer> {
    this.requests.push(templateId);
    return this.answer(templateId);
  }

  onSubmitSolution(_client: Sv2ServedClient, solution: Solution): void {
    this.solutions.push(solution);
  }

  onClientGone(_client: Sv2ServedClient, reason: string): void {
    this.told.push(`gone: ${reason}`);
  }
}

/** A client whose every byte a test decides. */
export class RawClient {
  readonly peer: MemoryPeer;
  readonly transport: Sv2Transport;
  readonly frames: Sv2Frame[] = [];

  constructor(peer: MemoryPeer, authorityX: Uint8Array, random: (count: number) => Uint8Array) {
    this.peer = peer;
    this.transport = new Sv2Transport({
      role: 'initiator',
      ephemeral: createKeyPair(random),
      policy: { authorityX, leewaySeconds: 0 },
      nowSeconds: () => 1_750_000_000,
    });
  }

  /** Sends what the transport has. */
  flush(): void {
    const { toSend } = this.transport.getBytesToSend(false);
    this.peer.send(Uint8Array.from(toSend));
    this.transport.markBytesSent(toSend.length);
  }

  send(message: Sv2Message): void {
    this.sendFrame(encodeMessage(message));
  }

  sendFrame(frame: Sv2Frame): void {
    if (!this.transport.setFrameToSend(frame)) throw new Error('the handshake is not done');
    this.flush();
  }

  /** Reads what came. */
  read(): Sv2Message[] {
    const bytes = this.peer.take();
    const messages: Sv2Message[] = [];
    for (let offset = 0; offset < bytes.length;) {
      const taken = this.transport.receivedBytes(bytes, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
      if (!this.transport.hasFrame()) continue;
      const frame = this.transport.takeFrame();
      this.frames.push(frame);
      messages.push(decodeMessage(frame)!.message);
    }
    return messages;
  }
}

export interface ServerStage {
  readonly network: MemoryNetwork;
  readonly server: Sv2Connman;
  readonly handler: RecordingHandler;
  /** Dials, without a byte. */
  dial(): RawClient;
  /** Dials and shakes hands. */
  shakeHands(): RawClient;
  /** Dials, shakes hands and is set up. */
  setUp(): RawClient;
  /** Runs the network until nothing is left to do now. */
  run(): void;
}

/** What a client says first. */
export function setupConnection(changes: Partial<Sv2MessageOf<'SetupConnection'>> = {}): Sv2Message {
  return {
    name: 'SetupConnection',
    protocol: 2,
    minVersion: 2,
    maxVersion: 2,
    flags: 0,
    endpointHost: '127.0.0.1',
    endpointPort: PORT,
    vendor: 'test',
    hardwareVersion: '',
    firmware: '',
    deviceId: '',
    ...changes,
  };
}

/** Options of the server, and of its network. */
export type StageOptions = Sv2ConnmanOptions & { network?: MemoryNetworkOptions; theHandler?: TemplateHandler };

/** A network without a server yet, for tests that bring a handler along. */
export function createServer(options: StageOptions = {}): {
  network: MemoryNetwork;
  server: Sv2Connman;
  random: (count: number) => Uint8Array;
} {
  const { network: networkOptions, theHandler: _, ...serverOptions } = options;
  const network = new MemoryNetwork({ wallTimeMs: 1_750_000_000_000, ...networkOptions });
  const random = seededBytes('sv2 server');
  const server = new Sv2Connman({
    backend: network.createBackend,
    clock: network.clock,
    keys: { staticKey: new StaticKey(random(32)), authorityKey: new AuthorityKey(random(32)) },
    randomBytes: random,
    ...serverOptions,
  });
  return { network, server, random };
}

export function serverStage(options: StageOptions = {}): ServerStage {
  const { network, server, random } = createServer(options);
  const handler = new RecordingHandler();
  server.bindAndStartListening(`127.0.0.1:${PORT}`);
  server.start(options.theHandler ?? handler);
  const run = () => network.clock.advance(0);
  const dial = () => {
    const client = new RawClient(network.connect(`127.0.0.1:${PORT}`), server.authorityX, random);
    run();
    return client;
  };
  const shakeHands = () => {
    const client = dial();
    client.flush();
    run();
    client.read();
    return client;
  };
  const setUp = () => {
    const client = shakeHands();
    client.send(setupConnection());
    run();
    client.read();
    return client;
  };
  return { network, server, handler, dial, shakeHands, setUp, run };
}
