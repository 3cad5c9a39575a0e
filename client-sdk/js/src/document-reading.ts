// The way of records from the connection to the application. Those of one message are gathered (record-intake.ts) and handed
// over together: the publisher sees its own among them, the store keeps them, the application hears of them.

import type { Compaction, DocumentEvents } from './document.js';
import type { DocumentSnapshots } from './document-snapshots.js';
import type { DocumentSubscription } from './document-subscription.js';
import { spread, type DurableDocument } from './durable.js';
import { BadPackError, type WeirError } from './errors.js';
import type { DocumentGuard } from './guard.js';
import type { History } from './history.js';
import type { DocumentLink } from './link.js';
import type { Publisher } from './publisher.js';
import type { RecordIntake } from './record-intake.js';
import { storeError } from './store/errors.js';
import { Waiters, type WaitOptions } from './waiters.js';
import type { Pack, Records } from './wire/events.js';

export interface ReadingOwner {
  readonly path: string;
  readonly live: boolean;
  readonly history: History;
  readonly publisher: Publisher;
  /** Null: nothing is kept. */
  readonly durable: DurableDocument | null;
  readonly over: WeirError | null;
  emit<Name extends keyof DocumentEvents>(name: Name, ...args: DocumentEvents[Name]): void;
  /** What came before this was taken, and the cursor stays there. */
  giveUp(wrong: WeirError): void;
  resubscribe(): void;
}

/** The document's other parts. */
export interface ReadingParts {
  readonly intake: RecordIntake;
  readonly guard: DocumentGuard | null;
  readonly snapshots: DocumentSnapshots;
  readonly subscription: DocumentSubscription;
  readonly compact: Compaction | undefined;
}

export class DocumentReading {
  readonly #link: Pick<DocumentLink<never>, 'giveUpPacks'>;
  readonly #owner: ReadingOwner;
  readonly #parts: ReadingParts;
  readonly #whenCaughtUp = new Waiters();
  #caughtUp = false;

  constructor(link: Pick<DocumentLink<never>, 'giveUpPacks'>, owner: ReadingOwner, parts: ReadingParts) {
    this.#link = link;
    this.#owner = owner;
    this.#parts = parts;
  }

  /** Everything the relay has was handed over. */
  get caughtUp(): boolean {
    return this.#caughtUp;
  }

  /** And nothing has come since. */
  get complete(): boolean {
    return this.#caughtUp && this.#parts.intake.empty;
  }

  whenCaughtUp(options?: WaitOptions): Promise<void> {
    return this.#whenCaughtUp.wait(this.#caughtUp, this.#owner.over, options);
  }

  take(event: Records | Pack): void {
    if (!this.#reads) return;
    if (event.kind === 'pack') return this.#pack(event);
    const wrong = this.#parts.intake.add(event.records);
    if (wrong !== null) this.#owner.giveUp(wrong);
  }

  /** What was gathered goes out: something else came, or the message ended. */
  deliver(): void {
    const { intake } = this.#parts;
    if (intake.empty) return;
    const { publisher, durable, live, history } = this.#owner;
    const records = intake.take();
    publisher.saw(records);
    if (!live) durable?.read(records, intake.isOwn, history);
    for (const { opened } of records) if (opened?.error) this.#owner.emit('error', opened.error);
    const shown = records.flatMap(spread);
    if (shown.length > 0) this.#owner.emit('records', shown);
    this.#compact();
  }

  /** If the copy in the store has grown. What is sealed stays in it, for a client that has the key. */
  #compact(): void {
    const { publisher, durable, path } = this.#owner;
    const { compact } = this.#parts;
    if (compact !== undefined && publisher.withheld === null)
      durable?.compact(compact, (cause) => this.#owner.emit('error', storeError(path, cause)));
  }

  reachedHead(offset: number): void {
    const { guard, subscription } = this.#parts;
    if (!this.#reads || !subscription.maySend) return; // more has come, if it is paused
    const wrong = guard?.caughtUp(offset) ?? null;
    if (wrong !== null) return this.#owner.giveUp(wrong);
    subscription.caughtUp();
    this.#owner.publisher.reachedHead();
    if (this.#caughtUp) return;
    this.#caughtUp = true;
    this.#compact(); // an earlier life may have had no time for it
    this.#owner.emit('caught-up');
    this.#whenCaughtUp.resolve();
  }

  /** Records up to here are not kept any more. Nothing is missing of those that were read. */
  cut(offset: number): void {
    const { history, durable } = this.#owner;
    if (!this.#reads || offset <= history.offset) return;
    if (this.#parts.snapshots.wantedBehindCut(offset)) return this.#owner.resubscribe();
    history.cut(offset);
    durable?.moved(history);
    this.#owner.emit('cut', offset);
  }

  /** There may be more again. */
  behind(): void {
    this.#caughtUp = false;
  }

  end(error: WeirError): void {
    this.#whenCaughtUp.reject(error);
  }

  /** Nothing of an earlier subscription counts, nor what comes where a snapshot should go on. */
  get #reads(): boolean {
    return this.#parts.subscription.open && this.#parts.snapshots.complete();
  }

  #pack(pack: Pack): void {
    const bad = this.#parts.intake.addPack(pack, this.#owner.path);
    if (bad === null) return;
    if (!(bad instanceof BadPackError)) return this.#owner.giveUp(bad);
    this.deliver();
    this.#owner.emit('error', bad);
    this.#link.giveUpPacks();
  }
}
