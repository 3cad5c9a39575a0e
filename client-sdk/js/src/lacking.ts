// What a provider lacks of its document and cannot get: records that the relay does not keep any more, where nothing was taken that
// stands for them. Such a document is never called synced.

import type { DocumentSession } from './document.js';
import { Code, RecordsCutError } from './errors.js';
import type { WaitOptions } from './waiters.js';

export class Lacking {
  readonly #session: DocumentSession;
  #error: RecordsCutError | null = null;

  /** `tell` is called once, however often the document is read again. */
  constructor(session: DocumentSession, takesSnapshots: boolean, tell: (error: RecordsCutError) => void) {
    this.#session = session;
    let told = false;
    session
      .on('subscribed', ({ fresh }) => {
        if (fresh) this.#error = null;
      })
      .on('cut', (offset) => {
        this.#error = errorOf(session, offset, takesSnapshots);
        if (!told) tell(this.#error);
        told = true;
      });
  }

  /** As far as it was read. */
  get nothing(): boolean {
    return this.#error === null;
  }

  async whenSynced(options?: WaitOptions): Promise<void> {
    await this.#session.whenCaughtUp(options);
    if (this.#error !== null) throw this.#error;
  }
}

function errorOf({ space, document: name }: DocumentSession, offset: number, takesSnapshots: boolean): RecordsCutError {
  const document = `${space}/${name}`;
  const todo = takesSnapshots
    ? 'the snapshot that stands for them could not be taken, as an error before this one says'
    : 'make the provider without `snapshots: false`, and a snapshot comes in their place';
  const message = `${document}: records up to offset ${offset} are not kept any more, and what was in them is missing here: ${todo}`;
  return new RecordsCutError(message, { code: Code.failedPrecondition, document });
}
