// A network made of memory, and time that passes when told: what a test plays the relay on, event by event. Frames are
// read and written by protobufjs from the project's own .proto, so the client's codec is never its own judge.
import assert from 'node:assert/strict';

import type { Runtime, SocketEvent, Timer } from '../../src/runtime.js';
import { settled } from './settled.js';
import { schema } from './vectors.js';

const root = schema();
const ClientFrame = root.lookupType('weir.v1.ClientFrame');
const ServerFrame = root.lookupType('weir.v1.ServerFrame');

// Events as protobufjs has them, { hello: {...} }; numbers as numbers, bytes as hexadecimal.
export type Fields = { [name: string]: unknown };
export type Event = { [kind: string]: Fields };

type Listener = (event: SocketEvent) => void;

export class FakeSocket {
  binaryType = '';
  readyState = 0;
  readonly sent: Event[] = [];
  /** Called with every event that the client sends. */
  onsent: (event: Event) => void = (event) => void this.sent.push(event);
  onclosed: () => void = () => undefined;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(
    readonly url: string,
    readonly protocols: string | string[] | undefined,
  ) {}

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: Uint8Array): void {
    const frame = ClientFrame.toObject(ClientFrame.decode(data), {
      longs: Number,
      defaults: true,
      arrays: true,
      oneofs: false,
    });
    for (const event of frame.events as Event[]) this.onsent(readable(event) as Event);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclosed();
  }

  // ---- the relay's side ----

  open(): void {
    this.readyState = 1;
    this.#tell('open', {});
  }

  /** One message with these events. */
  say(...events: Event[]): void {
    const frame = ServerFrame.encode(ServerFrame.fromObject({ events: events.map(writable) })).finish();
    this.sayBytes(new Uint8Array(frame));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#tell('message', { data: bytes.slice().buffer });
  }

  drop(code = 1006): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.#tell('close', { code, reason: '' });
    this.onclosed();
  }

  /** The event alone: most WebSockets close as well, and not all. */
  fail(message: string): void {
    this.#tell('error', { message });
  }

  /** What was sent since the last call. */
  take(): Event[] {
    return this.sent.splice(0);
  }

  /** The only event sent since the last call, which must be of this kind. */
  takeOne(kind: string): Fields {
    const events = this.take();
    assert.deepEqual(
      events.map((event) => Object.keys(event)[0]),
      [kind],
    );
    return events[0]![kind]!;
  }

  #tell(type: string, event: SocketEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  /** Lets a relay answer for itself. */
  onsocket: (socket: FakeSocket) => void = () => undefined;
  readonly Socket: new (url: string, protocols?: string | string[]) => FakeSocket;

  constructor() {
    const network = this;
    this.Socket = class extends FakeSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        network.sockets.push(this);
        network.onsocket(this);
      }
    };
  }

  get last(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

/** Time stands still until advance(). Chance is always `chance`. */
export class FakeRuntime implements Runtime {
  chance = 0.5;
  #now = 1000;
  #count = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  random(): number {
    return this.chance;
  }
  randomBytes(count: number): Uint8Array {
    this.#count++;
    return new Uint8Array(count).fill(this.#count);
  }
  soon(run: () => void): void {
    queueMicrotask(run);
  }
  after(delayMs: number, run: () => void): Timer {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return { cancel: () => (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }
  get timerCount(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      due.run();
    }
    this.#now = until;
  }
}

function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, readable(inner)]));
}

const bytesFields = new Set(['producer', 'key', 'data', 'payload', 'chain', 'hash']);

function writable(value: unknown, name: unknown = ''): unknown {
  if (typeof value === 'string' && bytesFields.has(String(name))) return Buffer.from(value, 'hex');
  if (Array.isArray(value)) return value.map((inner) => writable(inner));
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, writable(inner, key)]));
}
