// The usual openings of a conversation with a client, the test playing the relay.
import { WeirClient } from '../../src/client.js';
import type { WeirClientOptions } from '../../src/client-options.js';
import { FakeNetwork, FakeRuntime, type Event, type FakeSocket, type Fields } from './network.js';
import { settled } from './settled.js';

export const epoch = 7;
export const handle = 3;

export interface Scene {
  client: WeirClient;
  network: FakeNetwork;
  runtime: FakeRuntime;
}

export function scene(options: Partial<WeirClientOptions> = {}): Scene {
  const network = new FakeNetwork();
  const runtime = new FakeRuntime();
  const client = new WeirClient({ url: 'ws://relay', space: 's', webSocket: network.Socket, runtime, ...options });
  return { client, network, runtime };
}

/** The socket opens and the relay says welcome; the hello is returned. */
export async function welcome(network: FakeNetwork, limits: Fields = {}): Promise<Fields> {
  await settled();
  const socket = network.last;
  socket.open();
  const hello = socket.takeOne('hello');
  socket.say({
    welcome: {
      session: 1,
      heartbeatMs: 10_000,
      inFlightBytesMax: 1000,
      payloadBytesMax: 500,
      frameBytesMax: 2000,
      presenceBytesMax: 100,
      ...limits,
    },
  });
  await settled();
  return hello;
}

/** Answers the one subscribe that was sent; it is returned. */
export async function answerSubscribe(socket: FakeSocket, answer: Fields = {}): Promise<Fields> {
  await settled();
  const subscribe = socket.takeOne('subscribe');
  socket.say({
    subscribed: { request: subscribe.request, document: handle, epoch, head: 0, lastSequence: 0, ...answer },
  });
  await settled();
  return subscribe;
}

export function stored(throughSequence: number, offset = throughSequence): Event {
  return { stored: { document: handle, throughSequence, offset } };
}

export function caughtUp(offset: number): Event {
  return { caughtUp: { document: handle, offset } };
}

export function refused(error: Fields): Event {
  return { error: { document: handle, message: 'no', ...error } };
}

/** Consecutive records of one producer. */
export function run(
  producer: string,
  firstSequence: number,
  firstOffset: number,
  payloads: string[],
  stub = false,
): Fields {
  return {
    producer,
    firstSequence,
    firstOffset,
    time: 1,
    deltas: payloads.map((payload) => (stub ? {} : { payload })),
    stub,
  };
}

export function records(...runs: Fields[]): Event {
  return { records: { document: handle, runs } };
}

/** What a publish says, in short: first sequence, whether it is a base, payloads. */
export function inShort(publish: Fields): [number, boolean, string[]] {
  const deltas = publish.deltas as { payload: string }[];
  return [publish.firstSequence as number, publish.base as boolean, deltas.map(({ payload }) => payload)];
}

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}
