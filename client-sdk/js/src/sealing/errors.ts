// What can be wrong with what a relay sends, by name (docs/encryption.md, "What a reader checks").

import { furtherErrors, WeirError } from '../errors.js';

export { UnknownKeyError } from '../errors.js';

/** What was sealed was changed on its way, or moved from another place, or made without the key; it was left out. */
export class TamperedError extends WeirError {
  override name = 'TamperedError';
}
/** A delta that is not sealed, in a document that is encrypted; it was left out. */
export class UnsealedError extends WeirError {
  override name = 'UnsealedError';
}
/** The relay sent a record again; the document ended. */
export class ReplayedError extends WeirError {
  override name = 'ReplayedError';
}
/** The relay left out a record that was stored, or changed the order of a producer's; the document ended. */
export class MissingRecordsError extends WeirError {
  override name = 'MissingRecordsError';
}
/** The relay shows another history here than an author of this document has seen; the document ended. */
export class ForkedError extends WeirError {
  override name = 'ForkedError';
}

const all = { TamperedError, UnsealedError, ReplayedError, MissingRecordsError, ForkedError };
Object.assign(furtherErrors, all); // so that they keep their class from tab to tab
