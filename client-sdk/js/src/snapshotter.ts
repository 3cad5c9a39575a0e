// Making snapshots and verifying others', for whom it is asked: an entry point of its own, so that who does neither does
// not load it.
//
//   import { snapshotter } from '@weir/client/snapshotter';
//   client.subscribe('plan', { snapshotter: snapshotter({ make: ..., compare: ... }) });

import type { WeirError } from './errors.js';
import type { DocumentLink } from './link.js';
import { SnapshotAttester } from './snapshot-attester.js';
import { SnapshotMaker } from './snapshot-maker.js';
import type { Snapshotter, SnapshotOwner, SnapshotWork, SnapshotWorker } from './snapshots.js';
import type { WaitOptions } from './waiters.js';
import type { AttestationWanted, SnapshotStored, SnapshotWanted } from './wire/events.js';

export { SnapshotterError } from './snapshotter-error.js';
export type { Fidelity, Snapshot, Snapshotter, SnapshotState, SnapshotWorker, Verdict } from './snapshots.js';

/** For SubscribeOptions.snapshotter. */
export function snapshotter(adapter: Snapshotter): SnapshotWorker {
  return { begin: (link, owner) => new Work(link, owner, adapter) };
}

class Work implements SnapshotWork {
  readonly #owner: SnapshotOwner;
  readonly #maker: SnapshotMaker;
  readonly #attester: SnapshotAttester;

  constructor(link: DocumentLink<never>, owner: SnapshotOwner, adapter: Snapshotter) {
    this.#owner = owner;
    this.#maker = new SnapshotMaker(link, owner, adapter);
    this.#attester = new SnapshotAttester(link, owner, adapter);
  }

  receive(event: SnapshotWanted | AttestationWanted | SnapshotStored): void {
    if (event.kind === 'snapshotWanted') this.#maker.wanted(event.leaseMs);
    else if (event.kind === 'attestationWanted') this.#attester.wanted(event);
    else if (this.#maker.stored(event)) this.#owner.stored(event.offset);
  }

  refused(error: WeirError): void {
    this.#maker.refused(error);
  }

  offer(options?: WaitOptions): Promise<{ offset: number }> {
    return this.#maker.offer(options);
  }

  look(): void {
    this.#maker.look();
    this.#attester.look();
  }

  flush(budgetBytes: number): boolean {
    return this.#maker.flush(budgetBytes);
  }

  disconnected(): void {
    this.#maker.disconnected();
    this.#attester.disconnected();
  }

  end(error: WeirError): void {
    this.disconnected();
    this.#maker.end(error);
  }
}
