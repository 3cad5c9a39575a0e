// One socket's life: hello, welcome, events, and the watch for silence. It never reconnects; the client makes a new one.

import { Code, ConnectionError, ProtocolError, WeirError } from './errors.js';
import type { Runtime, SocketEvent, Timer, WebSocketConstructor, WebSocketLike } from './runtime.js';
import { decodeServerFrame } from './wire/decode.js';
import { encodeClientEvent } from './wire/encode.js';
import type { ClientEvent, Hello, ServerEvent, Welcome } from './wire/events.js';

export const subprotocol = 'weir.v1';
const handshakeMsMax = 15_000;
/** Heartbeats of silence after which a connection counts as dead. */
const silentHeartbeatsMax = 2.5;

export interface ConnectionListener {
  welcomed(welcome: Welcome): void;
  event(event: ServerEvent): void;
  /** All events of one message have been handed over. */
  frameEnd(): void;
  /** Once, however it ended; not after close(). */
  closed(error: WeirError): void;
}

export class Connection {
  readonly #socket: WebSocketLike;
  readonly #runtime: Runtime;
  readonly #listener: ConnectionListener;
  readonly #url: string;
  #timer: Timer;
  #heardAt = 0;
  #failure = '';
  #opened = false;
  #welcomed = false;
  #over = false;

  constructor(url: string, Socket: WebSocketConstructor, runtime: Runtime, hello: () => Hello, listener: ConnectionListener) {
    this.#url = url;
    this.#runtime = runtime;
    this.#listener = listener;
    this.#socket = new Socket(url, subprotocol); // throws where there can be none
    this.#timer = runtime.after(handshakeMsMax, () => this.#end(`no answer within ${handshakeMsMax / 1000} s`));
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => {
      this.#opened = true;
      this.send(hello());
    });
    this.#socket.addEventListener('message', (event: SocketEvent) => this.#receive(event.data));
    this.#socket.addEventListener('error', (event: SocketEvent) => {
      this.#failure = event.message ?? '';
      // Node 20's own WebSocket does not say `close` of a connection that was never made.
      if (!this.#opened) this.#end(this.#neverMade());
    });
    this.#socket.addEventListener('close', (event: SocketEvent) => {
      const why = [event.code, event.reason, this.#failure].filter((part) => part !== undefined && part !== '');
      this.#end(this.#opened ? `the connection closed (${why.join(', ')})` : this.#neverMade());
    });
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount ?? 0;
  }

  send(event: ClientEvent): void {
    if (!this.#over && this.#socket.readyState === 1) this.#socket.send(encodeClientEvent(event));
  }

  /** Ends it without a word to the listener. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#socket.close(1000);
  }

  /** A browser does not tell a page why, ever. */
  #neverMade(): string {
    const why = this.#failure === '' ? '' : ` (${this.#failure.trim()})`;
    return `no connection could be made${why}; does a relay serve at this address?`;
  }

  #end(what: string, cause?: unknown): void {
    if (this.#over) return;
    this.close();
    const error =
      cause instanceof WeirError
        ? cause
        : new ConnectionError(`${this.#url}: ${what}`, { code: Code.unavailable, cause });
    this.#listener.closed(error);
  }

  #receive(data: unknown): void {
    if (this.#over) return;
    this.#heardAt = this.#runtime.now();
    let events: ServerEvent[];
    try {
      if (!(data instanceof ArrayBuffer))
        throw new ProtocolError('the relay sent a text message; is this a weir relay?');
      events = decodeServerFrame(new Uint8Array(data));
    } catch (error) {
      this.#end('the relay sent what is not a frame', error);
      return;
    }
    for (const event of events) {
      if (this.#over) return;
      this.#dispatch(event);
    }
    if (!this.#over) this.#listener.frameEnd();
  }

  #dispatch(event: ServerEvent): void {
    if (event.kind === 'ping') return this.send({ kind: 'pong', nonce: event.nonce });
    if (event.kind === 'welcome') {
      if (this.#welcomed) return;
      this.#welcomed = true;
      this.#timer.cancel();
      if (event.heartbeatMs > 0) this.#watch(event.heartbeatMs * silentHeartbeatsMax);
      return this.#listener.welcomed(event);
    }
    if (this.#welcomed || event.kind === 'error' || event.kind === 'goingAway') this.#listener.event(event);
  }

  /** Looks again when the silence could be long enough; a message only moves #heardAt, so it costs no timer. */
  #watch(silenceMsMax: number): void {
    const silentMs = this.#runtime.now() - this.#heardAt;
    if (silentMs >= silenceMsMax) return this.#end(`nothing heard for ${Math.round(silentMs)} ms`);
    this.#timer = this.#runtime.after(silenceMsMax - silentMs, () => this.#watch(silenceMsMax));
  }
}
