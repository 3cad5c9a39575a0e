// A small relay in memory, as far as providers need one: it stores, orders, acks and forwards, and can be told to lose
// everything. It checks what clients must keep to: sequences without gaps, and a base where they jump.
import assert from 'node:assert/strict';

import type { Event, FakeNetwork, FakeSocket, Fields } from './network.js';

interface StoredRecord {
  offset: number;
  producer: string;
  sequence: number;
  payload: string;
}

class RelayDocument {
  records: StoredRecord[] = [];
  marks = new Map<string, number>();
  readers = new Map<Session, true>();
  presence = new Map<Session, string>();
  constructor(readonly handle: number) {}
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
    const document = this.documents.get(key) ?? new RelayDocument(this.documents.size + 1);
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
        },
      });
    } else if (kind === 'subscribe') this.#subscribe(session, fields);
    else if (kind === 'publish') this.#publish(session, fields);
    else if (kind === 'presence') this.#setPresence(session, this.#byHandle(fields.document), fields.data as string);
  }

  #subscribe(session: Session, { request, space, document: name, cursor }: Fields): void {
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
    for (const record of document.records)
      if (lostHistory || record.offset > offset) this.#deliver(session, document, record, false);
    this.#say(session, { caughtUp: { document: document.handle, offset: document.records.length } });
  }

  #publish(session: Session, { document: handle, epoch, firstSequence, deltas, base }: Fields): void {
    const document = this.#byHandle(handle);
    assert.equal(epoch, this.epoch);
    let sequence = firstSequence as number;
    const mark = document.marks.get(session.producer) ?? 0;
    assert.ok(base === true || sequence <= mark + 1, `sequence ${sequence} after ${mark}`);
    for (const { payload } of deltas as { payload: string }[]) {
      assert.ok(payload.length / 2 <= this.payloadBytesMax);
      const record = { offset: document.records.length + 1, producer: session.producer, sequence: sequence++, payload };
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

  #deliver(reader: Session, document: RelayDocument, record: StoredRecord, stub: boolean): void {
    const { offset, producer, sequence, payload } = record;
    const run = {
      producer,
      firstSequence: sequence,
      firstOffset: offset,
      time: 1,
      deltas: [stub ? {} : { payload }],
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
