// One connection to a relay, many documents on it.
//
//   const client = new WeirClient({ url: 'ws://127.0.0.1:8787', space: 'acme-notes' });
//   const plan = client.subscribe('plan');
//
// It connects again by itself (connector.ts), unless it was fenced, told to disconnect, or denied access. What comes goes to the
// document that it is about, and what documents have to send shares the budget that the relay gives.

import { checkClient, checkHistory, checkPlace, checkSubscribe } from './checks.js';
import type { ClientEvents, ClientStatus, TokenSource, WeirClientOptions } from './client-options.js';
import { Connector } from './connector.js';
import type { DocumentClient } from './document-client.js';
import type { DocumentSession, SubscribeOptions } from './document.js';
import { DocumentLogic } from './document-logic.js';
import { Emitter } from './emitter.js';
import { AccessDeniedError, ClosedError, errorFromAnswer, FencedError, Reason, type WeirError } from './errors.js';
import type { DocumentLink } from './link.js';
import type { PackDecoder } from './pack-decoder.js';
import { Questions } from './questions.js';
import { systemRuntime, type Runtime } from './runtime.js';
import { StoreWriter } from './store/writer.js';
import { readHistory, type HistoryOptions, type HistoryPage } from './time-travel.js';
import {
  protocolVersion,
  type ClientEvent,
  type ErrorEvent,
  type ServerEvent,
  type Subscribe,
  type Welcome,
} from './wire/events.js';

const inFlightBytesMaxUnknown = 1024 * 1024;

export class WeirClient extends Emitter<ClientEvents> implements DocumentClient {
  readonly #options: WeirClientOptions;
  readonly #connector: Connector;
  readonly #runtime: Runtime;
  readonly #documents = new Map<string, DocumentLogic>();
  readonly #handles = new Map<number, DocumentLogic>();
  /** Documents closed on this connection before the relay had answered all that was asked about them. */
  readonly #answersOutstanding = new Set<string>();
  readonly #requests = new Map<number, DocumentLogic>();
  #gathering: DocumentLogic | null = null; // of the message that is being read
  readonly #questions: Questions;
  readonly #link: DocumentLink<DocumentLogic>;
  readonly #writer: StoreWriter | null;
  #packs: PackDecoder | null;
  #producer: Uint8Array;
  #lastRequest = 0;
  #flushWanted = false;
  #replacing: WeirError | null = null;

  constructor(options: WeirClientOptions) {
    super();
    checkClient(options);
    this.#options = options;
    this.#runtime = options.runtime ?? systemRuntime;
    this.#connector = this.#makeConnector();
    this.#packs = options.packs ?? null;
    const { store } = options;
    this.#writer = store === undefined ? null : new StoreWriter(store, this.#runtime, (error) => this.#storeFailed(error));
    this.#producer = store?.producer ?? options.producer ?? this.#runtime.randomBytes(16);
    this.#questions = new Questions(this.#runtime, () => ++this.#lastRequest, (event) => this.#connector.send(event));
    this.#link = this.#makeLink();
    if (options.connect !== false) this.connect();
  }

  get status(): ClientStatus {
    return this.#connector.status;
  }
  get producer(): Uint8Array {
    return this.#producer;
  }
  /** Limits and version of the relay, while connected. */
  get welcome(): Welcome | null {
    return this.#connector.welcome;
  }
  /** Deltas of all documents that are not yet durable. */
  get pendingCount(): number {
    return [...this.#documents.values()].reduce((sum, { pendingCount }) => sum + pendingCount, 0);
  }

  /** Used from the next connection on. */
  setToken(token: TokenSource): void {
    this.#connector.setToken(token);
  }

  connect(): void {
    if (this.status === 'stopped') throw new ClosedError('this client has stopped; make a new one');
    this.#connector.connect();
  }

  /** Until connect() is called; what is published meanwhile waits. */
  disconnect(): void {
    this.#connector.halt('disconnected');
  }

  /**
   * For ever. What the relay has not stored yet stays in the store, or without one is given up: await whenStored() of the
   * documents first. Resolves when the store has everything and can be closed; a `compact` that is under way has two seconds.
   */
  close(): Promise<void> {
    this.#stop(new ClosedError('the client was closed'), false);
    return this.#writer?.stop() ?? Promise.resolve();
  }

  /** One session per document; it lives until it is closed, over any number of connections. */
  subscribe(document: string, options: SubscribeOptions = {}): DocumentSession {
    const space = checkPlace(options.space ?? this.#options.space, document);
    checkSubscribe(options);
    if (this.status === 'stopped') throw new ClosedError('this client has stopped; make a new one');
    const key = `${space}\0${document}`;
    if (this.#documents.has(key))
      throw new TypeError(`${space}/${document} is subscribed already; close that session first`);
    const session = new DocumentLogic(this.#link, space, document, options);
    this.#documents.set(key, session);
    if (this.#answersOutstanding.has(key)) this.#connector.reconnect(); // they would be taken for answers to this session
    else if (this.welcome !== null) session.connected();
    return session;
  }

  history(document: string, options: HistoryOptions = {}): AsyncGenerator<HistoryPage, void, undefined> {
    const space = checkPlace(options.space ?? this.#options.space, document);
    checkHistory(options);
    return readHistory({ asker: this.#questions, space, document, inflate: this.#packs }, options);
  }

  // ---- connecting ----

  #makeConnector(): Connector {
    return new Connector(this.#options, this.#runtime, {
      hello: (token) => this.#hello(token),
      welcomed: (welcome) => this.#welcomed(welcome),
      event: (event) => this.#receive(event),
      frameEnd: () => this.#handOver(null),
      dropped: () => this.#dropped(),
      lost: (error) => {
        this.emit('connection-error', error);
        this.#takeNewProducer();
      },
      became: (status) => this.emit('status', status),
    });
  }

  #hello(token: string): Extract<ClientEvent, { kind: 'hello' }> {
    return {
      kind: 'hello',
      protocolVersion,
      producer: this.#producer,
      token,
      packs: [...(this.#packs?.versions ?? [])],
      makesSnapshots: this.#options.makesSnapshots ?? [...this.#documents.values()].some((one) => one.makesSnapshots),
      client: this.#options.clientName ?? 'weir-js/0.1.0',
    };
  }

  #welcomed(welcome: Welcome): void {
    this.emit('welcome', welcome);
    if (this.welcome !== welcome) return; // the application has ended it just now
    for (const document of [...this.#documents.values()]) document.connected();
    this.#questions.connected();
  }

  /** What was on the connection is forgotten. */
  #dropped(): void {
    this.#handles.clear();
    this.#requests.clear();
    this.#answersOutstanding.clear();
    this.#questions.disconnected();
    for (const document of [...this.#documents.values()]) document.disconnected();
  }

  #stop(error: WeirError, tell: boolean): void {
    if (this.status === 'stopped') return;
    this.#connector.halt('stopped');
    for (const document of [...this.#documents.values()]) document.end(error, tell);
    this.#questions.end(error);
    if (tell) this.emit('error', error);
  }

  // ---- events ----

  #receive(event: ServerEvent): void {
    if (this.#questions.answered(event)) return;
    switch (event.kind) {
      case 'welcome':
      case 'ping':
      case 'history':
        return;
      case 'goingAway':
        this.#connector.goingAway(event);
        this.emit('going-away', event);
        return;
      case 'subscribed':
        return this.#subscribed(event);
      case 'error':
        return this.#failed(event);
      default:
        this.#handOver(this.#handles.get(event.document) ?? null);
        this.#handles.get(event.document)?.receive(event); // the application may have closed it just now
    }
  }

  /** What was gathered of one document goes out before anything of the next: the order across documents is the relay's. */
  #handOver(next: DocumentLogic | null): void {
    const gathered = this.#gathering;
    this.#gathering = next;
    if (gathered !== next) gathered?.frameEnd();
  }

  #subscribed(event: Extract<ServerEvent, { kind: 'subscribed' }>): void {
    const document = this.#requests.get(event.request);
    this.#requests.delete(event.request);
    if (document === undefined || !this.#documents.has(keyOf(document)))
      return this.#connector.send({ kind: 'unsubscribe', document: event.document });
    this.#handles.set(event.document, document);
    document.receive(event);
  }

  #failed(event: ErrorEvent): void {
    const document = event.request !== 0 ? this.#requests.get(event.request) : this.#handles.get(event.document);
    this.#requests.delete(event.request);
    if (document !== undefined) return document.receive(event);
    if (event.request !== 0 || event.document !== 0) return; // of a session closed meanwhile
    const error = errorFromAnswer(event);
    if (error instanceof FencedError) return this.#stop(error, true);
    this.emit('error', error);
    if (event.retryAfterMs > 0) this.#connector.rest(event.retryAfterMs);
    if (event.reason === Reason.producerOwned) return this.#replaceProducer(error);
    if (error instanceof AccessDeniedError && this.#connector.tokenIsFixed) this.#connector.halt('disconnected');
  }

  #giveUpPacks(): void {
    this.#packs = null;
    this.#connector.reconnect();
  }

  // ---- producers ----

  /** Waits for what other documents have on the wire, so that nothing is stored under both ids. */
  #replaceProducer(cause: WeirError): void {
    this.#replacing ??= cause;
    this.#wantFlush();
  }

  /** If it is to be replaced. */
  #takeNewProducer(): void {
    const cause = this.#replacing;
    if (cause === null) return;
    this.#replacing = null;
    this.#connector.drop();
    this.#producer = this.#runtime.randomBytes(16);
    void this.#writer?.write({ kind: 'producer', producer: this.#producer });
    for (const document of this.#documents.values()) document.producerReplaced();
    this.emit('producer-changed', this.#producer, cause);
    this.#connector.openLater();
  }

  /** What could not be written is kept in memory, and goes over the wire without waiting for the store. */
  #storeFailed(error: WeirError): void {
    this.emit('error', error);
    this.#wantFlush();
  }

  // ---- sending ----

  #wantFlush(): void {
    if (this.#flushWanted) return;
    this.#flushWanted = true;
    this.#runtime.soon(() => {
      this.#flushWanted = false;
      this.#flush();
    });
  }

  /** A frame of each document in turn, while the relay's budget lasts. */
  #flush(): void {
    if (this.welcome === null) return;
    if (this.#replacing !== null) {
      if (![...this.#documents.values()].some(({ publisher }) => publisher.inFlight)) this.#takeNewProducer();
      return;
    }
    const budget = this.welcome.inFlightBytesMax || inFlightBytesMaxUnknown;
    let sending = [...this.#documents.values()];
    while (sending.length > 0)
      sending = sending.filter((document) => {
        const inFlight = this.#inFlightBytes;
        return document.flush(budget - inFlight, inFlight === 0);
      });
  }

  get #inFlightBytes(): number {
    return [...this.#documents.values()].reduce((sum, { publisher }) => sum + publisher.inFlightBytes, 0);
  }

  #makeLink(): DocumentLink<DocumentLogic> {
    const client = this;
    return {
      runtime: this.#runtime,
      outboxBytesMax: this.#options.outboxBytesMax ?? 64 * 1024 * 1024,
      get producer() {
        return client.#producer;
      },
      get producerGiven() {
        return client.#producer === client.#options.producer;
      },
      get welcome() {
        return client.welcome;
      },
      get packs() {
        return client.#packs;
      },
      writer: this.#writer,
      get bufferedBytes() {
        return client.#connector.bufferedBytes;
      },
      questions: this.#questions,
      giveUpPacks: () => this.#giveUpPacks(),
      send: (event) => this.#connector.send(event),
      request: (document, event) => this.#request(document, event),
      wantFlush: () => this.#wantFlush(),
      replaceProducer: (cause) => this.#replaceProducer(cause),
      fenced: (cause) => this.#stop(cause, true),
      forget: (document, answersOutstanding) => this.#forget(document, answersOutstanding),
    };
  }

  #request(document: DocumentLogic, event: Omit<Subscribe, 'request'>): void {
    const request = ++this.#lastRequest;
    this.#requests.set(request, document);
    this.#connector.send({ ...event, request });
  }

  #forget(document: DocumentLogic, answersOutstanding: boolean): void {
    this.#documents.delete(keyOf(document));
    if (answersOutstanding && this.welcome !== null) this.#answersOutstanding.add(keyOf(document));
    for (const [handle, open] of this.#handles) if (open === document) this.#handles.delete(handle);
  }
}

function keyOf(document: DocumentSession): string {
  return `${document.space}\0${document.document}`;
}
