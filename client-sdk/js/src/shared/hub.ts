// In the one tab that has the connection: a client with the store, and the other tabs' part in it.
//
// It hears of a tab by its hello, and of its end by the tab's lock. Documents stand in hub-document.ts.

import type { WeirClient } from '../client.js';
import type { DocumentLogic } from '../document-logic.js';
import type { Compaction } from '../document.js';
import type { Guarding } from '../guard.js';
import type { WeirStore } from '../store/store.js';
import { HubDocument } from './hub-document.js';
import { plainError, type Message, type News, type ToHub } from './messages.js';
import { channelName, tabLock, type Channel, type Tabs } from './tabs.js';

export interface HubOptions {
  /** What the tabs share. */
  name: string;
  store: WeirStore;
  client: WeirClient;
  tabs: Tabs;
  term: string;
  compact(key: string): Compaction | undefined;
  guarding(of: { key: string; document: string; space: string }): Guarding;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #channel: Channel;
  readonly #documents = new Map<string, HubDocument>();
  /** Of each tab that is there: whether it wants the connection. */
  readonly #wanted = new Map<string, boolean>();
  #closed = false;

  constructor(options: HubOptions) {
    this.#options = options;
    const { client, name, tabs } = options;
    this.#channel = tabs.channel(channelName(name), (message) => this.#heard(message));
    client
      .on('status', () => this.#tellStatus('*'))
      .on('welcome', (welcome) => this.tell('*', { kind: 'welcome', welcome }))
      .on('going-away', (about) => this.tell('*', { kind: 'going-away', about }))
      .on('error', (error) => this.tell('*', { kind: 'error', error: plainError(error) }))
      .on('connection-error', (error) => this.tell('*', { kind: 'connection-error', error: plainError(error) }))
      .on('producer-changed', (producer, cause) =>
        this.tell('*', { kind: 'producer-changed', producer, cause: plainError(cause) }),
      );
    this.tell('*', { kind: 'hub' });
    void this.#forgetDead();
  }

  /** Everything is in the store when it resolves; the connection is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#options.client.close();
    await this.#options.store.close();
    this.#channel.close();
  }

  // ---- what a document needs of it ----

  tell(to: string, news: News): void {
    if (!this.#closed) this.#channel.post({ to, term: this.#options.term, ...news });
  }

  get producer(): Uint8Array {
    return this.#options.client.producer;
  }

  /** The document is over, or nobody has it open. */
  forget(document: HubDocument): void {
    if (this.#documents.get(document.key) === document) this.#documents.delete(document.key);
  }

  // ---- tabs ----

  #heard(message: Message): void {
    if (this.#closed || message.to !== 'hub') return;
    const asked = message as ToHub;
    if (asked.kind === 'hello') return this.#hello(asked.tab, asked.wanted);
    if (asked.term !== this.#options.term || !this.#wanted.has(asked.tab)) return;
    if (asked.kind === 'bye') return this.#gone(asked.tab);
    if (asked.kind === 'open') return this.#open(asked);
    this.#documents.get(asked.key)?.heard(asked);
  }

  #hello(tab: string, wanted: boolean): void {
    const { tabs, name } = this.#options;
    if (!this.#wanted.has(tab))
      tabs.lock(tabLock(name, tab), () => {
        this.#gone(tab); // it held this lock, and does no more
        return Promise.resolve();
      });
    this.#wanted.set(tab, wanted);
    this.#connect();
    this.#tellStatus(tab);
  }

  #gone(tab: string): void {
    if (this.#closed || !this.#wanted.delete(tab)) return;
    for (const document of [...this.#documents.values()]) document.close(tab);
    this.#connect();
  }

  /** The connection stands while any tab wants it. */
  #connect(): void {
    const { client } = this.#options;
    const wanted = [...this.#wanted.values()].includes(true);
    if (client.status === 'stopped' || wanted === (client.status !== 'disconnected')) return;
    if (wanted) client.connect();
    else client.disconnect();
  }

  #open(asked: Extract<ToHub, { kind: 'open' }>): void {
    const { client, compact, guarding } = this.#options;
    const guarded = guarding(asked);
    const open = this.#documents.get(asked.key);
    const document = open ?? new HubDocument(this, asked.key, guarded.encryption !== undefined);
    try {
      document.check(asked);
      if (open === undefined) {
        const session = client.subscribe(asked.document, {
          space: asked.space,
          presence: true,
          recreate: asked.recreate,
          snapshots: asked.snapshots,
          state: () => document.askState(),
          compact: compact(asked.key),
          ...guarded,
        });
        document.use(session as DocumentLogic);
        this.#documents.set(asked.key, document);
      }
    } catch (cause) {
      return this.tell(asked.tab, { kind: 'over', key: asked.key, error: plainError(cause) });
    }
    void document.open(asked.tab, asked);
  }

  /** Marks of tabs that are no more are not needed. */
  async #forgetDead(): Promise<void> {
    const { tabs, store, name } = this.#options;
    const prefix = tabLock(name, '');
    const held = await tabs.held();
    const alive = held.filter((lock) => lock.startsWith(prefix)).map((lock) => lock.slice(prefix.length));
    if (!this.#closed) await store.write([{ kind: 'tabs', tabs: alive }]).catch(() => undefined); // the next hub tries again
  }

  #tellStatus(to: string): void {
    const { status, welcome } = this.#options.client;
    this.tell(to, { kind: 'status', status, welcome });
  }
}
