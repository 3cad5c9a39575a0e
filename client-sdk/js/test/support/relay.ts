// A small relay in memory, as far as providers need one: it stores, orders, acks and forwards, and can be told to lose
// everything. It checks what clients must keep to: sequences without gaps, and a base where they jump.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { chainNext, chainStart, digest } from '../../src/chain.js';
import type { Event, FakeNetwork, FakeSocket, Fields } from './network.js';

interface StoredRecord {
  offset: number;
  producer: string;
  sequence: number;
  codec: number;
  payload: string;
}

class RelayDocument {
  records: StoredRecord[] = [];
  marks = new Map<string, number>();
  readers = new Map<Session, true>();
  presence = new Map<Session, string>();
  snapshot: Snapshot | null = null;
  /** Records up to here are not kept any more. */
  cut = 0;
  /** An offer whose bytes are still coming. */
  offered: { from: Session; header: Fields; bytes: string } | null = null;
  attested: boolean[] = [];
  constructor(
    readonly handle: number,
    readonly space: string,
    readonly name: string,
  ) {}

  chainAt(offset: number): Uint8Array {
    let chain = chainStart(this.space, this.name);
    for (const { producer, sequence, codec, payload } of this.records.slice(0, offset))
      chain = chainNext(chain, Buffer.from(producer, 'hex'), sequence, codec, digest(Buffer.from(payload, 'hex')));
    return chain;
  }
}

export interface Snapshot {
  offset: number;
  codec?: number;
  bytes: Buffer;
}

interface Session {
  socket: FakeSocket;
  producer: string;
  key: string;
}

export class FakeRelay {
  epoch = 1;
  payloadBytesMax = 1_000_000;
  readonly documents = new Map<string, RelayDocument>();
  #keys = 0;
  #sockets: FakeSocket[] = [];
  /** While false, connections fail. */
  up = true;

  constructor(network: FakeNetwork) {
    network.onsocket = (socket) => setImmediate(() => (this.up ? this.#accept(socket) : socket.drop()));
  }

  /** All payloads of a document, in order. */
  payloads(space: string, document: string): Buffer[] {
    return this.#document(space, document).records.map(({ payload }) => Buffer.from(payload, 'hex'));
  }

  snapshotOf(space: string, document: string): Snapshot | null {
    return this.#document(space, document).snapshot;
  }

  setSnapshot(space: string, document: string, snapshot: Snapshot): void {
    this.#document(space, document).snapshot = snapshot;
  }

  cut(space: string, document: string, offset: number): void {
    this.#document(space, document).cut = offset;
  }

  /** Asks one of the readers, by the order in which they came. */
  wantSnapshot(space: string, name: string, reader: number): void {
    const document = this.#document(space, name);
    const event: Event = { snapshotWanted: { document: document.handle, leaseMs: 60_000 } };
    this.#say([...document.readers.keys()][reader]!, event);
  }

  wantAttestation(space: string, name: string, reader: number): void {
    const document = this.#document(space, name);
    const { offset, hash, size, codec } = this.#header(document);
    const event: Event = { attestationWanted: { document: document.handle, offset, hash, size, codec, leaseMs: 60_000 } };
    this.#say([...document.readers.keys()][reader]!, event);
  }

  /** What was said of its snapshots. */
  attested(space: string, name: string): boolean[] {
    return this.#document(space, name).attested;
  }

  down(): void {
    this.up = false;
    for (const socket of this.#sockets.splice(0)) socket.drop();
  }

  /** An operator deletes it; whoever reads it is told. */
  delete(space: string, name: string): void {
    const document = this.#document(space, name);
    for (const reader of document.readers.keys())
      this.#say(reader, { error: { document: document.handle, code: 5, reason: 1, message: 'the document was deleted' } });
    this.documents.delete(`${space}\0${name}`);
  }

  /** As if restored from nothing. */
  loseEverything(): void {
    this.down();
    this.epoch++;
    this.documents.clear();
  }

  #document(space: string, name: string): RelayDocument {
    const key = `${space}\0${name}`;
    const document = this.documents.get(key) ?? new RelayDocument(this.documents.size + 1, space, name);
    this.documents.set(key, document);
    return document;
  }

  #byHandle(handle: unknown): RelayDocument {
    const document = [...this.documents.values()].find((one) => one.handle === handle);
    assert.ok(document, `a client used the handle ${String(handle)}, which it was not given`);
    return document;
  }

  #accept(socket: FakeSocket): void {
    if (socket.readyState === 3) return;
    this.#sockets.push(socket);
    const session: Session = { socket, producer: '', key: (0x10000 + ++this.#keys).toString(16).padStart(6, '0') };
    socket.onsent = (event) => this.#receive(session, event);
    socket.onclosed = () => this.#gone(session);
    socket.open();
  }

  #receive(session: Session, event: Event): void {
    const [kind, fields] = Object.entries(event)[0] as [string, Fields];
    if (kind === 'hello') {
      session.producer = fields.producer as string;
      this.#say(session, {
        welcome: {
          session: 1,
          heartbeatMs: 0,
          inFlightBytesMax: 1 << 20,
          payloadBytesMax: this.payloadBytesMax,
          frameBytesMax: 4 << 20,
          presenceBytesMax: 4096,
          snapshotBytesMax: 1 << 28,
        },
      });
    } else if (kind === 'subscribe') this.#subscribe(session, fields);
    else if (kind === 'publish') this.#publish(session, fields);
    else if (kind === 'presence') this.#setPresence(session, this.#byHandle(fields.document), fields.data as string);
    else if (kind === 'snapshotOffer') this.#byHandle(fields.document).offered = { from: session, header: fields, bytes: '' };
    else if (kind === 'snapshotChunk') this.#takeChunk(session, this.#byHandle(fields.document), fields);
    else if (kind === 'attest') this.#byHandle(fields.document).attested.push(fields.valid as boolean);
    else if (kind === 'readSnapshot') this.#readSnapshot(session, fields);
    else if (kind === 'readHistory') this.#readHistory(session, fields);
  }

  #subscribe(session: Session, { request, space, document: name, cursor, snapshots }: Fields): void {
    const document = this.#document(space as string, name as string);
    const { epoch = this.epoch, offset = 0 } = (cursor ?? {}) as { epoch?: number; offset?: number };
    const lostHistory = epoch !== this.epoch;
    document.readers.set(session, true);
    const presence = [...document.presence].map(([whose, data]) => this.#presenceOf(document, whose, data));
    this.#say(session, {
      subscribed: {
        request,
        document: document.handle,
        epoch: this.epoch,
        head: document.records.length,
        lastSequence: document.marks.get(session.producer) ?? 0,
        lostHistory,
        presence,
      },
    });
    let from = lostHistory ? 0 : offset;
    if (from === 0 && snapshots === true && document.snapshot !== null) from = this.#sendSnapshot(session, document);
    if (from < document.cut) this.#say(session, { cut: { document: document.handle, offset: (from = document.cut) } });
    for (const record of document.records)
      if (record.offset > from) this.#deliver(session, document, record, false);
    this.#say(session, { caughtUp: { document: document.handle, offset: document.records.length } });
  }

  #publish(session: Session, { document: handle, epoch, firstSequence, deltas, base }: Fields): void {
    const document = this.#byHandle(handle);
    assert.equal(epoch, this.epoch);
    let sequence = firstSequence as number;
    const mark = document.marks.get(session.producer) ?? 0;
    assert.ok(base === true || sequence <= mark + 1, `sequence ${sequence} after ${mark}`);
    for (const { codec, payload } of deltas as { codec: number; payload: string }[]) {
      assert.ok(payload.length / 2 <= this.payloadBytesMax);
      const offset = document.records.length + 1;
      const record = { offset, producer: session.producer, sequence: sequence++, codec, payload };
      if (record.sequence <= mark) {
        const there = document.records.find((one) => one.producer === record.producer && one.sequence === record.sequence);
        assert.equal(there?.payload, payload, 'a resend equals what is stored');
        continue;
      }
      document.records.push(record);
      for (const reader of document.readers.keys()) this.#deliver(reader, document, record, reader === session);
    }
    document.marks.set(session.producer, Math.max(mark, sequence - 1));
    this.#say(session, {
      stored: { document: handle, throughSequence: sequence - 1, offset: document.records.length },
    });
  }

  // ---- snapshots ----

  #header(document: RelayDocument): Fields {
    const { offset, codec = 0, bytes } = document.snapshot!;
    const hash = createHash('sha256').update(bytes).digest('hex');
    const chain = Buffer.from(document.chainAt(offset)).toString('hex');
    return { document: document.handle, offset, hash, size: bytes.length, codec, chain };
  }

  #sendSnapshot(session: Session, document: RelayDocument): number {
    const { offset, bytes } = document.snapshot!;
    this.#say(session, { snapshot: this.#header(document) });
    this.#say(session, { snapshotChunk: { document: document.handle, data: bytes.toString('hex'), last: true } });
    return offset;
  }

  #takeChunk(session: Session, document: RelayDocument, { position, data, last }: Fields): void {
    const { offered } = document;
    assert.ok(offered !== null && offered.from === session, 'a chunk of nothing');
    assert.equal(position, offered.bytes.length / 2);
    offered.bytes += data as string;
    if (last !== true) return;
    const { offset, hash, size, codec, chain } = offered.header;
    const bytes = Buffer.from(offered.bytes, 'hex');
    assert.equal(bytes.length, size);
    document.snapshot = { offset: offset as number, codec: codec as number, bytes };
    document.offered = null;
    assert.equal(hash, this.#header(document).hash);
    assert.equal(chain, this.#header(document).chain);
    this.#say(session, { snapshotStored: { document: document.handle, offset, hash } });
  }

  #readSnapshot(session: Session, { request, space, document: name, position }: Fields): void {
    const { bytes } = this.#document(space as string, name as string).snapshot!;
    const at = position as number;
    const part = bytes.subarray(at, at + 100);
    const last = at + part.length === bytes.length;
    this.#say(session, { snapshotChunk: { request, position: at, data: part.toString('hex'), last } });
  }

  #readHistory(session: Session, { request, space, document: name, after, asOfOffset }: Fields): void {
    const { records } = this.#document(space as string, name as string);
    const record = records[after as number]!; // offsets are 1, 2, ...
    const { offset, producer, sequence, codec, payload } = record;
    const run = { producer, firstSequence: sequence, firstOffset: offset, time: 1, deltas: [{ codec, payload }] };
    const complete = offset === asOfOffset || offset === records.length;
    this.#say(session, { history: { request, epoch: this.epoch, runs: [run], offset, complete, head: records.length } });
  }

  #deliver(reader: Session, document: RelayDocument, record: StoredRecord, stub: boolean): void {
    const { offset, producer, sequence, codec, payload } = record;
    const run = {
      producer,
      firstSequence: sequence,
      firstOffset: offset,
      time: 1,
      deltas: [stub ? { codec } : { codec, payload }],
      stub,
    };
    this.#say(reader, { records: { document: document.handle, runs: [run] } });
  }

  #setPresence(session: Session, document: RelayDocument, data: string): void {
    if (data === '') document.presence.delete(session);
    else document.presence.set(session, data);
    for (const reader of document.readers.keys())
      if (reader !== session) this.#say(reader, { presence: this.#presenceOf(document, session, data) });
  }

  #presenceOf(document: RelayDocument, whose: Session, data: string): Fields {
    return { document: document.handle, key: whose.key, producer: whose.producer, data, gone: data === '' };
  }

  #gone(session: Session): void {
    for (const document of this.documents.values()) {
      document.readers.delete(session);
      if (document.presence.has(session)) this.#setPresence(session, document, '');
    }
  }

  /** Never within the client's own call, as no network does. */
  #say(session: Session, event: Event): void {
    setImmediate(() => {
      if (session.socket.readyState === 1) session.socket.say(event);
    });
  }
}
