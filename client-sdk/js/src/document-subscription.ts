// A document's subscription. It is asked for on every connection, from where the reader stands; answered with a handle, or
// refused, and asked for again where that may help. What an answer means for what was published stands in publisher.ts.

import type { SubscribeOptions } from './document.js';
import { Code, DocumentDeletedError, errorFromAnswer, Reason, type WeirError } from './errors.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import { isTransient, RetryDelay } from './retry.js';
import type { Timer } from './runtime.js';
import { From, type ErrorEvent, type Subscribe, type Subscribed } from './wire/events.js';

export interface SubscriptionOwner {
  readonly space: string;
  readonly document: string;
  readonly path: string;
  readonly history: History;
  /** Only what is published from now on is read. */
  readonly live: boolean;
  readonly takesSnapshots: boolean;
  /** Sends the subscribe; its answer comes back to answered() or refused(). */
  request(event: Omit<Subscribe, 'request'>): void;
  emit(name: 'error', error: WeirError): void;
  /** For ever. */
  end(error: WeirError): void;
}

/** What the relay's answer says of the history that was known here. */
export interface Answer {
  /** Everything comes from the start. */
  fresh: boolean;
  /** Something that this client has seen is not there any more. */
  lost: boolean;
  /** It is another epoch. */
  changed: boolean;
}

type Phase = 'none' | 'asked' | 'open' | 'over';
type Link = Pick<DocumentLink<never>, 'runtime' | 'welcome' | 'send' | 'fenced' | 'replaceProducer'>;

export class DocumentSubscription {
  readonly #link: Link;
  readonly #owner: SubscriptionOwner;
  readonly #presence: boolean;
  readonly #delay: RetryDelay;
  #recreate: boolean;
  #phase: Phase = 'none';
  /** What the relay calls the document on this connection; 0 while it is paused, too. */
  #handle = 0;
  #retryTimer: Timer | null = null;

  constructor(link: Link, owner: SubscriptionOwner, { presence = false, recreate = false }: SubscribeOptions) {
    this.#link = link;
    this.#owner = owner;
    this.#presence = presence !== false;
    this.#recreate = recreate;
    this.#delay = new RetryDelay(link.runtime);
  }

  get handle(): number {
    return this.#handle;
  }
  /** It was asked for, and not answered yet. */
  get asked(): boolean {
    return this.#phase === 'asked';
  }
  get open(): boolean {
    return this.#phase === 'open';
  }
  get over(): boolean {
    return this.#phase === 'over';
  }
  /** What refers to the document may be sent: not while it is paused. */
  get maySend(): boolean {
    return this.open && this.#handle !== 0;
  }

  /** There is a connection, and all that goes before was done. */
  begin(): void {
    if (this.#phase === 'none') this.#ask();
  }

  /** Once more on this connection, from where the reader stands now. */
  again(): void {
    this.unsubscribe();
    this.#ask();
  }

  /** The relay is to send no more until again(). False: nothing of this could be read again. */
  pause(): boolean {
    if (!this.open || this.#owner.live) return false;
    this.unsubscribe();
    this.#handle = 0;
    return true;
  }

  unsubscribe(): void {
    if (this.maySend) this.#link.send({ kind: 'unsubscribe', document: this.#handle });
  }

  /** The connection is gone. False: nothing stood on it. */
  lost(): boolean {
    this.#cancelRetry();
    if (this.#phase === 'over' || this.#phase === 'none') return false;
    this.#phase = 'none';
    this.#handle = 0;
    return true;
  }

  end(): void {
    this.#phase = 'over';
    this.#handle = 0;
    this.#cancelRetry();
  }

  /** The reader is put where the answer says; `published`: something of this client was stored there before. */
  answered(event: Subscribed, published: boolean): Answer {
    const { live, history } = this.#owner;
    const changed = history.epoch !== 0n && history.epoch !== event.epoch;
    const missed = history.offset > 0 || published;
    const lost = (event.lostHistory || changed) && missed;
    const fresh = !live && (!missed || lost || history.offset === 0 || history.cursor === null);
    this.#phase = 'open';
    this.#handle = event.document;
    this.#recreate = false; // a later deletion must not be undone by a reconnect
    if (live) history.startLive(event.epoch, event.head);
    else if (fresh) history.startOver(event.epoch);
    return { fresh, lost, changed };
  }

  refused(event: ErrorEvent): void {
    const owner = this.#owner;
    const error = errorFromAnswer(event, owner.path);
    this.#phase = 'none';
    if (error instanceof DocumentDeletedError) return owner.end(error);
    if (event.reason === Reason.fenced) return this.#link.fenced(error);
    if (event.code === Code.invalidArgument) return owner.end(error);
    owner.emit('error', error);
    if (event.reason === Reason.producerOwned) this.#link.replaceProducer(error);
    else if (isTransient(event.code) || event.code === Code.dataLoss) this.askLater(event);
    // Otherwise, access is denied perhaps: asked again on the next connection, with its token.
  }

  /** It does not stand any more, or was not granted. */
  askLater(event: ErrorEvent): void {
    if (this.#phase !== 'none' || this.#link.welcome === null) return; // the application has ended it just now
    this.#retryTimer = this.#link.runtime.after(this.#delay.nextMs(event), () => this.#ask());
  }

  /** All that is there could be read. */
  caughtUp(): void {
    this.#delay.reset();
  }

  #ask(): void {
    this.#phase = 'asked';
    this.#cancelRetry();
    const { space, document, live, history, takesSnapshots } = this.#owner;
    const cursor = live || history.offset === 0 ? null : history.cursor;
    this.#owner.request({
      kind: 'subscribe',
      space,
      document,
      from: live ? From.liveOnly : cursor === null ? From.start : From.cursor,
      cursor,
      presence: this.#presence,
      snapshots: takesSnapshots && !live,
      recreate: this.#recreate,
    });
  }

  #cancelRetry(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = null;
  }
}
