// What an application's snapshotter can do wrong: part of '@weir/client/snapshotter', since nobody else meets it.

import { Code, messageOf, WeirError } from './errors.js';

/** The application's snapshotter has thrown, or made what is no snapshot; the relay is told nothing, and all else goes on. */
export class SnapshotterError extends WeirError {
  override name = 'SnapshotterError';
  constructor(document: string, what: string, cause: unknown) {
    super(`${document}: ${what}: ${messageOf(cause)}`, { code: Code.failedPrecondition, document, cause });
  }
}
