// One document that tabs have open, at the hub. Each tab's deltas have numbers; one that the store has is not taken again, so
// a tab may give them as often as it likes, to this hub or the next.

import type { DocumentLogic } from '../document-logic.js';
import type { StateOffer } from '../document.js';
import { spread } from '../durable.js';
import { Code, WeirError } from '../errors.js';
import type { Presence } from '../presence.js';
import { mergedPresence } from './awareness.js';
import type { Hub } from './hub.js';
import { plainError, type OpenDocument, type ToHub } from './messages.js';

type Asked = Extract<ToHub, { key: string }>;

export class HubDocument {
  readonly key: string;
  readonly #encrypted: boolean;
  readonly #hub: Hub;
  readonly #tabs = new Map<string, OpenDocument>();
  /** Newest last. */
  readonly #presence = new Map<string, Uint8Array>();
  /** The last number taken of each tab, and the last that is in the store: since this hub began, and before. */
  readonly #accepted = new Map<string, number>();
  #persisted = new Map<string, number>();
  #loaded: ReadonlyMap<string, number> | null = null;
  readonly #asks = new Map<number, { tab: string; answer: (pieces: Uint8Array[] | null) => void }>();
  #session: DocumentLogic | null = null;
  /** What the session could not read; 0: nothing. */
  #cut = 0;
  #awareness = false;
  #lastAsk = 0;
  #persisting = false;
  #persistAgain = false;

  constructor(hub: Hub, key: string, encrypted: boolean) {
    this.#hub = hub;
    this.key = key;
    this.#encrypted = encrypted;
  }

  /** What one tab seals, none may send in plain. */
  check({ document, encrypted }: OpenDocument): void {
    if (encrypted === this.#encrypted) return;
    throw new WeirError(`${document}: not encrypted in each tab: give each \`encryption\`, or \`guarding\` to its sharedClient`, { code: Code.failedPrecondition });
  }

  use(session: DocumentLogic): void {
    this.#session = session;
    const { key } = this;
    const tell: Hub['tell'] = (to, news) => this.#hub.tell(to, news);
    const { durable } = session;
    if (durable !== null) {
      durable.onread = (first, records, authors) =>
        tell('*', { kind: 'records', key, first, records, authors, cursor: session.cursor });
      durable.onanswer = (author, offset, error) => this.#answered(author, offset, error);
    }
    session
      .on('subscribed', (about) => {
        if (about.fresh) this.#cut = 0;
        tell('*', { kind: 'subscribed', key, ...about, cursor: session.cursor });
      })
      .on('caught-up', () => tell('*', { kind: 'caught-up', key, cursor: session.cursor }))
      .on('disconnected', () => tell('*', { kind: 'disconnected', key }))
      .on('cut', (offset) => tell('*', { kind: 'cut', key, offset: (this.#cut = offset) }))
      .on('presence', (changes) => tell('*', { kind: 'presence', key, changes, from: '' }))
      .on('stored', ({ pendingCount }) => tell('*', { kind: 'stored', key, author: null, offset: 0, pendingCount }))
      .on('error', (error) => this.#failed(error));
  }

  /** Tells the tab all that it lacks. */
  async open(tab: string, asked: OpenDocument): Promise<void> {
    this.#tabs.set(tab, asked);
    this.#awareness ||= asked.presence === 'awareness';
    const session = this.#session!;
    try {
      await session.whenLoaded();
      this.#loaded ??= new Map(session.durable!.marks);
      const { state, records, through } = await session.durable!.contents(asked.after);
      if (session.over !== null) throw session.over;
      const accepted = this.#numberOf(tab);
      const pending = session.durable!.own.filter(({ author }) => author?.tab !== tab);
      this.#hub.tell(tab, {
        kind: 'opened',
        key: this.key,
        through,
        state,
        records,
        pending: pending.flatMap(spread).map(({ codec, payload }) => ({ codec, payload })),
        accepted,
        persisted: this.#persisted.get(tab) ?? this.#loaded.get(tab) ?? 0,
        stored: session.publisher.storedOf(tab, accepted),
        storedOffset: session.publisher.progress.storedOffset,
        pendingCount: session.pendingCount,
        subscribed: session.subscribed,
        caughtUp: session.caughtUp,
        cut: this.#cut,
        cursor: session.cursor,
        presence: [...session.presence.values(), ...this.#presenceOfTabs(tab)],
        withheld: session.publisher.withheld && plainError(session.publisher.withheld),
      });
    } catch (error) {
      this.#hub.tell(tab, { kind: 'over', key: this.key, error: plainError(error) });
    }
  }

  heard(asked: Asked): void {
    switch (asked.kind) {
      case 'publish':
        return this.#publish(asked);
      case 'presence':
        return this.#setPresence(asked.tab, asked.data);
      case 'offer':
        this.#asks.get(asked.ask)?.answer(asked.pieces);
        return;
      case 'close':
        return this.close(asked.tab);
      case 'open':
        return;
    }
  }

  /** The tab has it open no more. */
  close(tab: string): void {
    if (!this.#tabs.delete(tab)) return;
    this.#setPresence(tab, new Uint8Array(0));
    for (const ask of [...this.#asks.values()]) if (ask.tab === tab) ask.answer(null);
    if (this.#tabs.size === 0) void this.#closeWhenStored();
  }

  /** What waits goes to the relay although nobody looks at the document any more. */
  async #closeWhenStored(): Promise<void> {
    await this.#session?.whenStored().catch(() => undefined);
    if (this.#tabs.size > 0) return;
    this.#hub.forget(this);
    this.#session?.close();
  }

  // ---- publishing ----

  #numberOf(tab: string): number {
    return this.#accepted.get(tab) ?? this.#loaded?.get(tab) ?? 0;
  }

  #publish({ tab, number, codec, payload }: Extract<Asked, { kind: 'publish' }>): void {
    const session = this.#session;
    if (session === null || !this.#tabs.has(tab) || number <= this.#numberOf(tab)) return;
    const author = { tab, number };
    this.#accepted.set(tab, number);
    const before = session.pendingCount;
    session.publisher.publish(payload, { codec }, author).then(
      ({ offset }) => this.#answered(author, offset, null),
      (error: WeirError) => this.#answered(author, 0, error),
    );
    const { pendingCount } = session;
    if (pendingCount === before) return; // refused at once: no other tab is to show it
    this.#hub.tell('*', { kind: 'pending', key: this.key, author, codec, payload, pendingCount });
    void this.#tellPersisted(session);
  }

  /** Once for all that was accepted while the store was busy. */
  async #tellPersisted(session: DocumentLogic): Promise<void> {
    this.#persistAgain = true;
    if (this.#persisting) return;
    this.#persisting = true;
    while (this.#persistAgain && session.over === null) {
      this.#persistAgain = false;
      const marks = new Map(this.#accepted);
      try {
        await session.whenPersisted();
      } catch {
        return; // it ended, or has no store that could be read: nothing is
      }
      this.#persisted = marks;
      this.#hub.tell('*', { kind: 'persisted', key: this.key, marks });
    }
    this.#persisting = false;
  }

  #answered(author: { tab: string; number: number }, offset: number, error: WeirError | null): void {
    const pendingCount = this.#session?.pendingCount ?? 0;
    const { key } = this;
    if (this.#session === null || this.#session.over !== null) return; // the next hub, or nobody, tells the outcome
    if (error === null) this.#hub.tell('*', { kind: 'stored', key, author, offset, pendingCount });
    else this.#hub.tell('*', { kind: 'refused', key, author, error: plainError(error), pendingCount });
  }

  #failed(error: WeirError): void {
    const over = this.#session?.over ?? null;
    this.#hub.tell('*', { kind: over === null ? 'failed' : 'over', key: this.key, error: plainError(error) });
    if (over === null) return;
    this.#hub.forget(this);
    for (const { answer } of [...this.#asks.values()]) answer(null);
  }

  // ---- the application's state, which some tab has ----

  async askState(): Promise<StateOffer> {
    for (const tab of [...this.#tabs.keys()]) {
      if (this.#tabs.get(tab)?.state !== true) continue;
      const pieces = await this.#ask(tab);
      if (pieces !== null) return pieces;
    }
    return null;
  }

  #ask(tab: string): Promise<Uint8Array[] | null> {
    const ask = ++this.#lastAsk;
    return new Promise((resolve) => {
      this.#asks.set(ask, {
        tab,
        answer: (pieces) => {
          this.#asks.delete(ask);
          resolve(pieces);
        },
      });
      this.#hub.tell(tab, { kind: 'ask', key: this.key, ask });
    });
  }

  // ---- presence ----

  #setPresence(tab: string, data: Uint8Array): void {
    const gone = data.length === 0 || !this.#tabs.has(tab);
    if (!this.#presence.delete(tab) && gone) return;
    if (!gone) this.#presence.set(tab, data);
    this.#session?.setPresence(mergedPresence([...this.#presence.values()], this.#awareness));
    if (this.#session?.over !== null) return;
    const change = this.#presenceOf(tab, gone ? new Uint8Array(0) : data);
    this.#hub.tell('*', { kind: 'presence', key: this.key, changes: [change], from: tab });
  }

  #presenceOfTabs(but: string): Presence[] {
    return [...this.#presence].filter(([tab]) => tab !== but).map(([tab, data]) => this.#presenceOf(tab, data));
  }

  #presenceOf(tab: string, data: Uint8Array): Presence {
    return { key: `tab ${tab}`, producer: this.#hub.producer, data, gone: data.length === 0 };
  }
}
