// What a provider needs of a client: this tab's own, or one that tabs share.

import type { ClientEvents, ClientStatus, TokenSource } from './client-options.js';
import type { DocumentSession, SubscribeOptions } from './document.js';
import type { Emitter } from './emitter.js';
import type { HistoryOptions, HistoryPage } from './time-travel.js';
import type { Welcome } from './wire/events.js';

export interface DocumentClient extends Pick<Emitter<ClientEvents>, 'on' | 'once' | 'off'> {
  readonly status: ClientStatus;
  readonly welcome: Welcome | null;
  readonly pendingCount: number;
  setToken(token: TokenSource): void;
  connect(): void;
  disconnect(): void;
  close(): Promise<void>;
  subscribe(document: string, options?: SubscribeOptions): DocumentSession;
  /** What a document was at an offset or a time, page by page; it needs no subscription. Waits while there is no connection. */
  history(document: string, options?: HistoryOptions): AsyncGenerator<HistoryPage, void, undefined>;
}
