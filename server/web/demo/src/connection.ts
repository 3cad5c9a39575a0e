// The document's line to the relay, reduced to what the page shows. The only file that knows the provider.
//
//   const connection = new Connection(doc, awareness, relay, address);
//   connection.onChange((state) => render(state));
//   connection.start();                             // once the local copy has been read
//   connection.setOffline(true);                    // the offline switch; edits go on and wait
import { type HistoryOptions, type HistoryPage, toHex } from '@weir/client';
import { WeirProvider } from '@weir/client/yjs';
import * as decoding from 'lib0/decoding';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { Address } from './address';
import { readPerson } from './presence';

export type Phase =
  | 'connecting' // never connected yet
  | 'connected'
  | 'reconnecting' // the line was lost; the provider tries again by itself
  | 'away' // and has done so for a while
  | 'offline' // by the switch
  | 'stopped'; // for good: see `problem`

export interface Problem {
  kind: 'deleted' | 'fenced' | 'denied' | 'refused';
  message: string;
}

export interface ConnectionState {
  phase: Phase;
  /** Everything this tab wrote is on the relay's disk. */
  saved: boolean;
  /** The relay's text has been here at least once. */
  loaded: boolean;
  /** Edits the relay has not acknowledged. */
  pendingCount: number;
  /** What keeps the relay from going on; null while it does. */
  problem: Problem | null;
}

/** How long the relay may be silent before the page says what to do. */
const awayAfterMs = 5_000;

const problemKinds: Record<string, Problem['kind']> = {
  DocumentDeletedError: 'deleted',
  FencedError: 'fenced',
  AccessDeniedError: 'denied',
  PayloadTooLargeError: 'refused',
  OutboxFullError: 'refused',
};

export class Connection {
  #state: ConnectionState = { phase: 'connecting', saved: false, loaded: false, pendingCount: 0, problem: null };
  #provider: WeirProvider;
  readonly #open: () => WeirProvider;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  readonly #mine = new Set<string>();
  #started = false;
  #offline = false;
  #away = false;
  #awayTimer = 0;
  #wasConnected = false;
  #problem: Problem | null = null;
  #frame = 0;

  constructor(doc: Y.Doc, awareness: Awareness, relay: string, { space, document }: Address) {
    this.#open = () => this.#listenTo(new WeirProvider(relay, space, document, doc, { awareness, connect: false }));
    this.#provider = this.#open();
    doc.on('update', () => this.#updateSoon());
  }

  get state(): ConnectionState {
    return this.#state;
  }

  onChange(listener: (state: ConnectionState) => void): void {
    this.#listeners.add(listener);
    listener(this.#state);
  }

  start(): void {
    this.#started = true;
    if (!this.#offline) this.#provider.connect();
    this.#lineChanged();
  }

  setOffline(offline: boolean): void {
    if (this.#offline === offline) return;
    this.#offline = offline;
    if (offline) this.#provider.disconnect();
    else if (this.#started) this.#provider.connect();
    this.#lineChanged();
  }

  /** Tries at once. After a problem that ended the provider a new one takes over: the document still holds every edit. */
  retry(): void {
    this.#away = false;
    if (this.#problem) {
      this.#problem = null;
      this.#provider.destroy();
      this.#provider = this.#open();
    } else {
      this.#provider.disconnect();
    }
    this.start();
  }

  /** What the document was, page by page, from the relay. */
  history(options: HistoryOptions): AsyncGenerator<HistoryPage, void, undefined> {
    const { client, session } = this.#provider;
    return client.history(session.document, { space: session.space, ...options });
  }

  /** Was it this tab that wrote as this producer? */
  isMine(producer: string): boolean {
    return this.#mine.has(producer);
  }

  /** What somebody who is here now, and writes as this producer, is called. */
  nameOf(producer: string): string | null {
    for (const presence of this.#provider.session.presence.values())
      if (toHex(presence.producer) === producer) return nameIn(presence.data);
    return null;
  }

  #listenTo(provider: WeirProvider): WeirProvider {
    provider.session.on('records', (records) => {
      for (const { own, producer } of records) if (own) this.#mine.add(toHex(producer));
    });
    return provider
      .on('status', () => this.#lineChanged())
      .on('sync', () => this.#update())
      .on('saved', () => this.#update())
      .on('error', (error) => this.#failed(error));
  }

  #failed(error: Error): void {
    const kind = problemKinds[error.name];
    if (kind === undefined) return; // The provider goes on by itself; its status tells the rest.
    this.#problem = { kind, message: error.message };
    // Its status changes while it tells of the failure: leave it to finish first.
    if (kind === 'deleted' || kind === 'denied') queueMicrotask(() => this.#provider.disconnect());
    this.#lineChanged();
  }

  #lineChanged(): void {
    const up = this.#provider.status === 'connected';
    this.#wasConnected ||= up;
    const waiting = this.#started && !up && !this.#offline && this.#problem === null;
    if (!waiting) {
      clearTimeout(this.#awayTimer);
      this.#awayTimer = 0;
      this.#away = false;
    } else if (this.#awayTimer === 0) {
      this.#awayTimer = window.setTimeout(() => {
        this.#away = true;
        this.#update();
      }, awayAfterMs);
    }
    this.#update();
  }

  #phase(): Phase {
    if (this.#problem) return 'stopped';
    if (this.#offline) return 'offline';
    if (this.#provider.status === 'connected') return 'connected';
    if (this.#away) return 'away';
    return this.#wasConnected ? 'reconnecting' : 'connecting';
  }

  #updateSoon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#update();
    });
  }

  #update(): void {
    const { saved, synced, pendingCount } = this.#provider;
    this.#state = {
      phase: this.#phase(),
      saved: saved && pendingCount === 0,
      loaded: this.#state.loaded || synced,
      pendingCount,
      problem: this.#problem,
    };
    for (const listener of this.#listeners) listener(this.#state);
  }
}

/** Presence is an awareness update: how many clients, then of each its id, clock, and state as JSON. */
function nameIn(presence: Uint8Array): string | null {
  try {
    const decoder = decoding.createDecoder(presence);
    if (decoding.readVarUint(decoder) === 0) return null;
    const client = decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    const state: unknown = JSON.parse(decoding.readVarString(decoder));
    return state === null ? null : readPerson(client, state, false).name;
  } catch {
    return null; // somebody's program shows itself differently
  }
}
