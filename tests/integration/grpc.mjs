// A gRPC client that knows weir only by its proto files: unmodified @grpc/grpc-js.
//
//   const client = grpcClient(relay);
//   const { offset } = await client.ask('Append', { space, document, producer, firstSequence: 1, deltas: [{ payload }] });
//   const records = await client.all('Read', { space, document });      every message of a stream
//   const { offset } = await client.put({ space, document, producer, offset, hash, size }, pieces);
//   const session = client.sync();                                       a Sync call
//   await session.hello(producer);
//   await assert.rejects(client.ask(...), (error) => reasonOf(error) === 'NO_DOCUMENT');
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import * as grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';

import { until } from './until.mjs';

export const protoFolder = fileURLToPath(new URL('../../proto', import.meta.url));
export const loading = { longs: String, enums: String, defaults: true, oneofs: true, includeDirs: [protoFolder] };
const { Relay } = grpc.loadPackageDefinition(protoLoader.loadSync('weir/v1/relay.proto', loading)).weir.v1;

const root = new protobuf.Root();
root.resolvePath = (_, name) => (name.startsWith('google/protobuf/') ? name : `${protoFolder}/${name.replace(`${protoFolder}/`, '')}`);
root.loadSync(['google/rpc/status.proto', 'google/rpc/error_details.proto']);

/** google.rpc.ErrorInfo, RetryInfo and BadRequest of an error, by their names; what weir did not send is missing. */
export function detailsOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return {};
  const status = root.lookupType('google.rpc.Status').decode(bytes);
  if (status.code !== error.code) throw new Error(`status ${error.code} with the details of ${status.code}`);
  return Object.fromEntries(
    status.details.map(({ type_url: url, value }) => {
      const name = url.slice(url.lastIndexOf('/') + 1);
      return [name.slice(name.lastIndexOf('.') + 1), root.lookupType(name).decode(value)];
    }),
  );
}
export const reasonOf = (error) => detailsOf(error).ErrorInfo?.reason;

export const newProducer = () => randomBytes(16);

export function grpcClient(relay, options = {}) {
  const client = new Relay(`127.0.0.1:${relay.grpc}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 32 * 1024 * 1024,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 200,
    ...options,
  });
  return {
    ask: (method, request) =>
      new Promise((resolve, reject) =>
        client[method](request, (error, answer) => (error === null ? resolve(answer) : reject(error))),
      ),
    async all(method, request) {
      const messages = [];
      for await (const message of client[method](request)) messages.push(message);
      return messages;
    },
    stream: (method, request) => client[method](request),
    /** PutSnapshot: what it is, and its bytes in pieces, the next when the one before is on its way. */
    put: (snapshot, pieces) =>
      new Promise((resolve, reject) => {
        const call = client.PutSnapshot((error, answer) => (error === null ? resolve(answer) : reject(error)));
        const written = (message) => new Promise((done) => call.write(message, done));
        (async () => {
          await written({ snapshot });
          for (const data of pieces) await written({ data });
          call.end();
        })();
      }),
    sync: () => new SyncSession(client.Sync()),
    close: () => client.close(),
  };
}

/** One Sync call: what came, in order, and how it ended. */
export class SyncSession {
  events = [];
  /** The status that ended it: an error unless it is OK. */
  ended = null;

  constructor(call) {
    this.call = call;
    call.on('data', (frame) => {
      this.events.push(...frame.events);
      for (const { ping } of frame.events) if (ping != null) this.send({ pong: ping });
    });
    call.on('error', () => {}); // comes as status, too
    call.on('status', (status) => (this.ended = status));
  }

  send(...events) {
    if (this.ended === null) this.call.write({ events });
  }

  of(kind) {
    return this.events.flatMap((event) => (event[kind] == null ? [] : [event[kind]]));
  }

  async first(kind, where = () => true) {
    const found = () => this.of(kind).find(where);
    await until(`the relay sends ${kind}`, () => found() !== undefined || this.ended !== null);
    if (found() === undefined) throw new Error(`the stream ended without ${kind}: ${this.ended.details}`);
    return found();
  }

  async hello(producer) {
    this.send({ hello: { protocolVersion: 1, producer } });
    return this.first('welcome');
  }

  async subscribe(space, document, more = {}) {
    const request = this.of('subscribed').length + 1;
    this.send({ subscribe: { request, space, document, ...more } });
    return this.first('subscribed', (answer) => Number(answer.request) === request);
  }

  /** Every record received, flattened out of its runs. */
  records() {
    return this.of('records').flatMap(({ runs }) => runs.flatMap(recordsOf));
  }

  async end() {
    await until('the stream has ended', () => this.ended !== null);
    return this.ended;
  }
}

/** A run's records: gaps are left out when they are all 0. */
function recordsOf(run) {
  let offset = Number(run.firstOffset) - 1;
  return run.deltas.map(({ payload }, i) => {
    offset += 1 + (i > 0 ? Number(run.offsetGaps[i - 1] ?? 0) : 0);
    return { offset, sequence: Number(run.firstSequence) + i, producer: run.producer, payload, stub: run.stub };
  });
}
