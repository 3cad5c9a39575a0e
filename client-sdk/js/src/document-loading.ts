// What the store has of a document is handed over first: the state, the records since, what waits. Only then the relay is
// asked for what came after.

import type { DocumentEvents } from './document.js';
import type { DocumentSnapshots } from './document-snapshots.js';
import { replay, spread, type DurableDocument } from './durable.js';
import type { WeirError } from './errors.js';
import type { KeptDocument } from './guard.js';
import type { History } from './history.js';
import type { Publisher } from './publisher.js';
import type { RecordIntake } from './record-intake.js';
import { storeError } from './store/errors.js';
import { Waiters, type WaitOptions } from './waiters.js';

export interface LoadingOwner {
  readonly path: string;
  readonly history: History;
  readonly publisher: Publisher;
  readonly over: WeirError | null;
  emit<Name extends keyof DocumentEvents>(name: Name, ...args: DocumentEvents[Name]): void;
  /** Now the relay may be asked. */
  hasLoaded(): void;
}

export class DocumentLoading {
  readonly #owner: LoadingOwner;
  readonly #intake: RecordIntake;
  readonly #snapshots: DocumentSnapshots;
  readonly #when = new Waiters();
  #loaded: boolean;

  /** Null: there is no store, and nothing to wait for. */
  constructor(owner: LoadingOwner, durable: DurableDocument | null, intake: RecordIntake, snapshots: DocumentSnapshots) {
    this.#owner = owner;
    this.#intake = intake;
    this.#snapshots = snapshots;
    this.#loaded = durable === null;
    if (durable !== null) void this.#load(durable);
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  wait(options?: WaitOptions): Promise<void> {
    return this.#when.wait(this.#loaded, this.#owner.over, options);
  }

  end(error: WeirError): void {
    this.#when.reject(error);
  }

  async #load(durable: DurableDocument): Promise<void> {
    const owner = this.#owner;
    let kept: KeptDocument | null = null;
    try {
      kept = await durable.load(owner.history);
      if (owner.over !== null) return durable.seal();
      this.#restore(kept);
    } catch (cause) {
      const error = storeError(owner.path, cause);
      durable.unreadable(error);
      if (owner.over !== null) return;
      // It goes on as if there were none: of what was kept, part was handed over at most.
      if (kept !== null) owner.history.startOver(owner.history.epoch);
      owner.emit('error', error);
    }
    this.#loaded = true;
    this.#when.resolve();
    owner.emit('loaded');
    owner.hasLoaded();
  }

  #restore(kept: KeptDocument): void {
    const owner = this.#owner;
    const { isOwn } = this.#intake;
    owner.publisher.restore(kept, kept.place !== null && !isOwn(kept.place));
    if (kept.state !== null) owner.emit('state', kept.state.pieces);
    for (const { records, snapshot } of replay(kept.records)) {
      if (snapshot !== null) this.#snapshots.again(snapshot);
      else owner.emit('records', records.flatMap(spread).map((record) => ({ ...record, own: isOwn(record) })));
    }
    if (kept.outbox.length > 0) owner.emit('pending', kept.outbox.flatMap(spread));
  }
}
