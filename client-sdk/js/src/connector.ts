// Keeps a connection to the relay for as long as one is wanted. connection.ts is the life of one socket; this makes the next
// one: at an address that serves, with the token of that moment, after a time that grows with each failure, and not before
// the relay has said.

import { Addresses } from './addresses.js';
import type { ClientStatus, TokenSource, WeirClientOptions } from './client-options.js';
import { Connection } from './connection.js';
import { Code, ConnectionError, TokenError, type WeirError } from './errors.js';
import { backoffMs } from './retry.js';
import { globalSocket, type Runtime, type Timer, type WebSocketConstructor } from './runtime.js';
import type { ClientEvent, GoingAway, Hello, ServerEvent, Welcome } from './wire/events.js';

/** A connection that held this long was a good one: the next failure is the first again. */
const stableMs = 5_000;

export interface ConnectorOwner {
  hello(token: string): Hello;
  welcomed(welcome: Welcome): void;
  event(event: ServerEvent): void;
  /** All events of one message were handed over. */
  frameEnd(): void;
  /** What was on the connection is gone, if there was one. */
  dropped(): void;
  /** After dropped(): a connection failed, or was lost. The next one is made. */
  lost(error: WeirError): void;
  became(status: ClientStatus): void;
}

export class Connector {
  readonly #owner: ConnectorOwner;
  readonly #runtime: Runtime;
  readonly #addresses: Addresses;
  readonly #socket: WebSocketConstructor;
  readonly #backoff: { firstMs: number; maxMs: number };
  readonly #online = (): void => this.#hurry();
  #token: TokenSource;
  #status: ClientStatus = 'disconnected';
  #wanted = false;
  #attempt = 0; // names the current one; what an older one still says is not heard
  #underWay = false; // a connection stands, or is being made
  #connection: Connection | null = null;
  #welcome: Welcome | null = null;
  #welcomedAt = 0;
  #failures = 0;
  #notBefore = 0;
  #timer: Timer | null = null;
  #drainTimer: Timer | null = null;

  constructor(options: WeirClientOptions, runtime: Runtime, owner: ConnectorOwner) {
    this.#owner = owner;
    this.#runtime = runtime;
    this.#addresses = new Addresses(options.url);
    this.#socket = options.webSocket ?? globalSocket();
    const { backoffFirstMs = 250, backoffMaxMs = 30_000 } = options;
    this.#backoff = { firstMs: backoffFirstMs, maxMs: backoffMaxMs };
    this.#token = options.token ?? '';
  }

  get status(): ClientStatus {
    return this.#status;
  }
  /** Null while there is no connection. */
  get welcome(): Welcome | null {
    return this.#welcome;
  }
  /** What the socket has taken and not sent yet. */
  get bufferedBytes(): number {
    return this.#connection?.bufferedBytes ?? 0;
  }
  /** A token that was refused will not become right by trying again. */
  get tokenIsFixed(): boolean {
    return typeof this.#token === 'string';
  }

  /** Used from the next connection on. */
  setToken(token: TokenSource): void {
    this.#token = token;
  }

  send(event: ClientEvent): void {
    this.#connection?.send(event);
  }

  // ---- whether one is wanted ----

  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#failures = 0;
    globalThis.addEventListener?.('online', this.#online);
    void this.#open();
  }

  halt(status: 'disconnected' | 'stopped'): void {
    this.#wanted = false;
    globalThis.removeEventListener?.('online', this.#online);
    this.drop();
    if (this.#status !== 'stopped') this.#become(status);
  }

  /** Ends the connection that there is, or is being made. */
  drop(): void {
    this.#attempt++;
    this.#underWay = false;
    if (this.#welcome !== null && this.#runtime.now() - this.#welcomedAt >= stableMs) this.#failures = 0;
    this.#connection?.close();
    this.#connection = null;
    this.#timer?.cancel();
    this.#timer = null;
    this.#drainTimer?.cancel();
    this.#drainTimer = null;
    this.#welcome = null;
    this.#owner.dropped();
  }

  /** Makes the next one after a while, if one is wanted; unless the application has seen to it, when it heard of the last one's end. */
  openLater(): void {
    if (!this.#wanted || this.#underWay || this.#timer !== null) return;
    this.#become('connecting');
    const { firstMs, maxMs } = this.#backoff;
    const rounds = Math.floor(this.#failures++ / this.#addresses.count);
    const jitterMs = backoffMs(rounds, this.#runtime.random(), firstMs, maxMs);
    this.#timer = this.#runtime.after(Math.max(0, this.#notBefore - this.#runtime.now()) + jitterMs, () => void this.#open());
  }

  /** Another one in the place of this one. */
  reconnect(): void {
    this.drop();
    this.openLater();
  }

  /** The relay wants to be left alone so long. */
  rest(ms: number): void {
    this.#notBefore = this.#runtime.now() + ms;
  }

  /** The relay is about to end: it serves until then. */
  goingAway({ address, reconnectAfterMs }: GoingAway): void {
    this.#addresses.redirect(address);
    this.rest(reconnectAfterMs);
    this.#drainTimer?.cancel();
    this.#drainTimer = this.#runtime.after(reconnectAfterMs, () => this.reconnect());
  }

  // ---- one attempt ----

  async #open(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#underWay = true;
    this.#timer = null;
    this.#become('connecting');
    let token: string;
    try {
      token = typeof this.#token === 'string' ? this.#token : await this.#token();
    } catch (cause) {
      if (attempt === this.#attempt)
        this.#lost(new TokenError('the application could not give a token', { code: Code.unauthenticated, cause }));
      return;
    }
    if (attempt !== this.#attempt) return;
    const url = this.#addresses.take();
    const mine = (run: () => void): void => {
      if (attempt === this.#attempt) run();
    };
    try {
      this.#connection = new Connection(url, this.#socket, this.#runtime, () => this.#owner.hello(token), {
        welcomed: (welcome) => mine(() => this.#welcomed(welcome)),
        event: (event) => mine(() => this.#owner.event(event)),
        frameEnd: () => mine(() => this.#owner.frameEnd()),
        closed: (error) => mine(() => this.#lost(error)),
      });
    } catch (cause) {
      this.#lost(new ConnectionError(`${url}: no connection can be made there`, { code: Code.unavailable, cause }));
    }
  }

  #welcomed(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#welcomedAt = this.#runtime.now();
    this.#become('connected');
    if (this.#welcome === welcome) this.#owner.welcomed(welcome); // else the application has ended it just now
  }

  #lost(error: WeirError): void {
    if (this.#welcome === null) this.#addresses.failed();
    this.drop();
    this.#owner.lost(error);
    this.openLater();
  }

  /** The network is back: do not sit out the backoff. */
  #hurry(): void {
    if (this.#timer === null || this.#runtime.now() < this.#notBefore) return;
    this.#timer.cancel();
    void this.#open();
  }

  #become(status: ClientStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#owner.became(status);
  }
}
