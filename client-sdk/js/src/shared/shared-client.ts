// One connection for all tabs of a browser.
//
//   const client = sharedClient({ url, store: 'acme-notes', space: 'acme-notes' });
//
// Tabs with the same store name elect a hub by a Web Lock: the one that has it opens the store and connects. The others, and
// that tab itself, open documents through it. When it goes, the next in the lock's queue takes over from the store.

import { Addresses } from '../addresses.js';
import { WeirClient } from '../client.js';
import type { ClientEvents, ClientStatus, TokenSource, WeirClientOptions } from '../client-options.js';
import type { Compaction, DocumentSession, SubscribeOptions } from '../document.js';
import type { DocumentClient } from '../document-client.js';
import { Emitter } from '../emitter.js';
import { checkPlace } from '../checks.js';
import { ClosedError } from '../errors.js';
import type { Guarding } from '../guard.js';
import { systemRuntime } from '../runtime.js';
import { storeError } from '../store/errors.js';
import { openStore } from '../store/indexeddb.js';
import { MemoryStore } from '../store/memory.js';
import type { WeirStore } from '../store/store.js';
import type { HistoryOptions, HistoryPage } from '../time-travel.js';
import type { Welcome } from '../wire/events.js';
import { Hub } from './hub.js';
import { revivedError, type ClientNews, type Message, type ToHub } from './messages.js';
import { newTab, TabDocument, type Saying } from './tab-document.js';
import { browserTabs, channelName, hubLock, tabLock, type Channel, type Tabs } from './tabs.js';

export interface SharedClientOptions extends Omit<WeirClientOptions, 'store' | 'producer'> {
  /** Its name; tabs that give the same one share a client. */
  store: string;
  /** For documents that are not open in the tab which has the connection; the subscription's comes first. */
  compact?: Compaction;
  /** For documents that are not open in the tab which has the connection; the subscription's comes first. */
  guarding?: (document: string, space: string) => Guarding;
  /** For tests. */
  tabs?: Tabs;
  /** For tests. */
  openStore?: (name: string) => Promise<WeirStore>;
}

/** A client that all tabs share; where a browser has no Web Locks or no BroadcastChannel, one without a store for this tab alone. */
export function sharedClient(options: SharedClientOptions): DocumentClient {
  const tabs = options.tabs ?? browserTabs();
  if (tabs !== null) return new SharedClient(options, tabs);
  const { store: _, ...alone } = options;
  return new WeirClient(alone);
}

type About = Extract<ToHub, { kind: 'hello' | 'bye' }>;

export class SharedClient extends Emitter<ClientEvents> implements DocumentClient {
  readonly #options: SharedClientOptions;
  readonly #tabs: Tabs;
  readonly #tab: string;
  readonly #channel: Channel;
  readonly #documents = new Map<string, TabDocument>();
  /** How much was ever published from here to a document: numbers go on when it is opened again. */
  readonly #given = new Map<string, number>();
  readonly #giveUp = new AbortController();
  #status: ClientStatus = 'disconnected';
  #welcome: Welcome | null = null;
  #term = ''; // of the hub that was heard
  #wanted: boolean;
  #token: TokenSource;
  #alive = false; // this tab's lock is held
  #client: WeirClient | null = null; // where the hub is this tab's
  #release: () => void = () => undefined;
  #ended: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: SharedClientOptions, tabs: Tabs) {
    super();
    this.#options = options;
    this.#tabs = tabs;
    new Addresses(options.url); // what is wrong with it is said here, and not by the tab that will connect
    this.#token = options.token ?? '';
    this.#wanted = options.connect !== false;
    this.#tab = newTab((options.runtime ?? systemRuntime).randomBytes);
    this.#channel = tabs.channel(channelName(options.store), (message) => this.#heard(message));
    if (this.#wanted) this.#status = 'connecting';
    tabs.lock(tabLock(options.store, this.#tab), () => this.#live());
  }

  get status(): ClientStatus {
    return this.#status;
  }
  get welcome(): Welcome | null {
    return this.#welcome;
  }
  get pendingCount(): number {
    let count = 0;
    for (const document of this.#documents.values()) count += document.pendingCount;
    return count;
  }
  /** This tab has the connection. */
  get leads(): boolean {
    return this.#client !== null;
  }

  /** Of this tab; it counts while this tab has the connection. */
  setToken(token: TokenSource): void {
    this.#token = token;
    this.#client?.setToken(token);
  }

  connect(): void {
    if (this.#status === 'stopped') throw new ClosedError('this client has stopped; make a new one');
    this.#wanted = true;
    if (this.#status === 'disconnected') this.#become('connecting');
    this.#hello();
  }

  /** The connection ends when no tab wants it. */
  disconnect(): void {
    this.#wanted = false;
    this.#hello();
  }

  /** For this tab, for ever. Another one takes over the connection. Resolves when the store has everything. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const document of [...this.#documents.values()]) document.close();
    this.#say({ kind: 'bye' });
    this.#giveUp.abort();
    this.#become('stopped');
    if (this.#client !== null) await new Promise<void>((resolve) => {
      this.#ended = resolve;
      this.#release();
    });
    this.#channel.close();
    this.#leave();
  }

  subscribe(document: string, options: SubscribeOptions = {}): DocumentSession {
    const space = checkPlace(options.space ?? this.#options.space, document);
    if (this.#status === 'stopped') throw new ClosedError('this client has stopped; make a new one');
    if ((options.from ?? 'start') !== 'start') throw new TypeError('a shared client reads from the start');
    const key = `${space}\0${document}`;
    if (this.#documents.has(key))
      throw new TypeError(`${space}/${document} is subscribed already; close that session first`);
    const link = { tab: this.#tab, say: (saying: Saying) => this.#say(saying), forget: () => this.#forget(key) };
    const session = new TabDocument(link, space, document, options, this.#given.get(key) ?? 0);
    this.#documents.set(key, session);
    if (this.#term !== '') session.attach();
    return session;
  }

  /** On a connection of its own, while it is read. */
  async *history(document: string, options: HistoryOptions = {}): AsyncGenerator<HistoryPage, void, undefined> {
    const { store: _, openStore: __, tabs: ___, compact: ____, ...alone } = this.#options;
    const client = new WeirClient({ ...alone, token: this.#token, connect: true });
    try {
      yield* client.history(document, options);
    } finally {
      await client.close();
    }
  }

  #forget(key: string): void {
    this.#given.set(key, this.#documents.get(key)?.given ?? 0);
    this.#documents.delete(key);
  }

  // ---- life of the tab ----

  #leave: () => void = () => undefined;

  /** From here on everybody can know that this tab is there, and will know when it is not. */
  #live(): Promise<void> {
    this.#alive = true;
    const left = new Promise<void>((resolve) => (this.#leave = resolve));
    if (this.#giveUp.signal.aborted) return Promise.resolve();
    this.#tabs.lock(hubLock(this.#options.store), () => this.#lead(), this.#giveUp.signal);
    this.#hello();
    return left;
  }

  /** This tab has the connection until it closes. */
  async #lead(): Promise<void> {
    if (this.#giveUp.signal.aborted) return;
    const over = new Promise<void>((resolve) => (this.#release = resolve));
    const store = await this.#openStore();
    if (this.#giveUp.signal.aborted) return store.close();
    const { store: _, openStore: __, tabs: ___, compact, guarding, ...options } = this.#options;
    const client = new WeirClient({ ...options, token: this.#token, store, connect: false });
    this.#client = client;
    const term = newTab((options.runtime ?? systemRuntime).randomBytes);
    const hub = new Hub({
      store,
      client,
      term,
      tabs: this.#tabs,
      name: this.#options.store,
      compact: (key) => this.#documents.get(key)?.compact ?? compact,
      guarding: ({ key, document, space }) => this.#documents.get(key)?.guarding ?? guarding?.(document, space) ?? {},
    });
    await over;
    await hub.close();
    this.#client = null;
    this.#ended?.();
  }

  /** Where the store cannot be had, what is in memory serves all tabs as long as this one lives. */
  async #openStore(): Promise<WeirStore> {
    const open = this.#options.openStore ?? openStore;
    try {
      return await open(this.#options.store);
    } catch (cause) {
      this.emit('error', storeError(this.#options.store, cause));
      return new MemoryStore(this.#options.store);
    }
  }

  // ---- messages ----

  #say(saying: Saying | Omit<Extract<ToHub, { kind: 'hello' }>, 'to' | 'tab' | 'term'> | { kind: 'bye' }): void {
    if (this.#giveUp.signal.aborted) return;
    this.#channel.post({ to: 'hub', tab: this.#tab, term: this.#term, ...saying } as About);
  }

  #hello(): void {
    if (this.#alive) this.#say({ kind: 'hello', wanted: this.#wanted });
  }

  #heard(message: Message): void {
    if (message.to === 'hub' || (message.to !== '*' && message.to !== this.#tab)) return;
    const news = message as Exclude<Message, ToHub>;
    if (news.term !== this.#term) {
      // Another hub: it is greeted, and heard once it has answered.
      if (news.kind === 'hub') return this.#hello();
      if (news.kind !== 'status' || news.to !== this.#tab) return;
      this.#term = news.term;
      this.#clientNews(news);
      for (const document of [...this.#documents.values()]) document.attach();
      return;
    }
    if ('key' in news) this.#documents.get(news.key)?.heard(news);
    else this.#clientNews(news);
  }

  #clientNews(news: ClientNews): void {
    switch (news.kind) {
      case 'hub':
        return;
      case 'status':
        this.#welcome = news.welcome;
        return this.#become(news.status);
      case 'welcome':
        this.#welcome = news.welcome;
        this.emit('welcome', news.welcome);
        return;
      case 'going-away':
        this.emit('going-away', news.about);
        return;
      case 'producer-changed':
        this.emit('producer-changed', news.producer, revivedError(news.cause));
        return;
      case 'connection-error':
      case 'error':
        this.emit(news.kind, revivedError(news.error));
    }
  }

  #become(status: ClientStatus): void {
    if (this.#status === status || (this.#giveUp.signal.aborted && status !== 'stopped')) return;
    this.#status = status;
    this.emit('status', status);
  }
}
