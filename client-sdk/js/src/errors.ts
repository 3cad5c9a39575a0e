// Everything that can go wrong, by name. Each message says what happened, to which document, and what to do.

import type { ErrorEvent } from './wire/events.js';

/** Codes of google.rpc.Code that the relay sends. */
export const Code = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** Why, where cases of one code must be told apart. */
export const Reason = {
  unspecified: 0,
  deleted: 1,
  epoch: 2,
  fenced: 3,
  resendDiffers: 4,
  notComparable: 5,
  sequenceGap: 6,
  producerOwned: 7,
  protocol: 8,
  snapshot: 9,
} as const;

export interface WeirErrorDetails {
  code: number;
  reason?: number;
  /** Which document, as "space/document". */
  document?: string | undefined;
  retryAfterMs?: number;
  cause?: unknown;
}

/** Any error of this library, and any the relay answered. */
export class WeirError extends Error {
  override name = 'WeirError';
  readonly code: number;
  readonly reason: number;
  readonly document: string | undefined;
  readonly retryAfterMs: number;

  constructor(message: string, details: WeirErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.reason = details.reason ?? Reason.unspecified;
    this.document = details.document;
    this.retryAfterMs = details.retryAfterMs ?? 0;
  }
}

/** The document was deleted. Its deltas are not offered again; `recreate: true` opens it anew. */
export class DocumentDeletedError extends WeirError {
  override name = 'DocumentDeletedError';
}
/** The document's log began anew (another relay, a restored backup); the client subscribes again by itself. */
export class EpochChangedError extends WeirError {
  override name = 'EpochChangedError';
}
/** A newer session of the same producer took over. This client stops: use one client per producer. */
export class FencedError extends WeirError {
  override name = 'FencedError';
}
/** A resend could not be shown to equal what is stored; the client goes on under a new producer id. */
export class ResendRefusedError extends WeirError {
  override name = 'ResendRefusedError';
}
/** The producer id belongs to another principal; the client goes on under a new one. */
export class ProducerOwnedError extends WeirError {
  override name = 'ProducerOwnedError';
}
/** The token was not accepted, or does not allow this. */
export class AccessDeniedError extends WeirError {
  override name = 'AccessDeniedError';
}
/** A delta is larger than the relay takes. */
export class PayloadTooLargeError extends WeirError {
  override name = 'PayloadTooLargeError';
}
/** Too much is waiting to be stored; publish again when `whenStored()` resolves. */
export class OutboxFullError extends WeirError {
  override name = 'OutboxFullError';
}
/** The peer broke the protocol, or is not weir. */
export class ProtocolError extends WeirError {
  override name = 'ProtocolError';
  constructor(message: string, cause?: unknown) {
    super(message, { code: Code.invalidArgument, reason: Reason.protocol, cause });
  }
}
/** The connection could not be made or was lost; the client tries again by itself. */
export class ConnectionError extends WeirError {
  override name = 'ConnectionError';
}
/** A pack could not be read, or is not what the document's history says; the client goes on without packs. */
export class BadPackError extends WeirError {
  override name = 'BadPackError';
}
/** The space does not exist on this relay, or the document is not subscribed. */
export class NotFoundError extends WeirError {
  override name = 'NotFoundError';
}
/** A limit of the relay is reached, or its disk is full; the client waits and tries again. */
export class LimitReachedError extends WeirError {
  override name = 'LimitReachedError';
}
/** The relay could not write, or not read; the client waits and tries again. */
export class RelayUnavailableError extends WeirError {
  override name = 'RelayUnavailableError';
}
/** A record on the relay does not match its checksum and is not served; its operator has to restore. */
export class RecordDamagedError extends WeirError {
  override name = 'RecordDamagedError';
}
/** The relay has forgotten what it had stored of this producer; the client goes on under a new one. */
export class MarkLostError extends WeirError {
  override name = 'MarkLostError';
}
/** The application's function gave no token; it is asked again with the next attempt. */
export class TokenError extends WeirError {
  override name = 'TokenError';
}
/** The application's function gave no state, when the relay had lost history. */
export class StateError extends WeirError {
  override name = 'StateError';
}
/** A number that is no codec was given with a delta. */
export class CodecError extends WeirError {
  override name = 'CodecError';
}
/** A record is not what the application takes for a delta, an update of Yjs for instance; it was left out. */
export class UnreadableRecordError extends WeirError {
  override name = 'UnreadableRecordError';
}
/** Records are not kept any more, and nothing was taken in their place: what was in them is missing in a provider's document. */
export class RecordsCutError extends WeirError {
  override name = 'RecordsCutError';
}
/** A document is encrypted, and its key is not here, or not all of them; nothing is sent in plain. Subscribe again with them. */
export class UnknownKeyError extends WeirError {
  override name = 'UnknownKeyError';
}
/** A snapshot is not what it says, or cannot be taken; the client goes on without snapshots in this document. */
export class BadSnapshotError extends WeirError {
  override name = 'BadSnapshotError';
}
/** The relay did not take a snapshot or an attestation; nothing else is touched. */
export class SnapshotRefusedError extends WeirError {
  override name = 'SnapshotRefusedError';
}
/** The client or the document was closed by its own application. */
export class ClosedError extends WeirError {
  override name = 'ClosedError';
  constructor(message: string, document?: string) {
    super(message, { code: Code.cancelled, document });
  }
}

/** Classes of entry points that not everybody loads, by name. */
export const furtherErrors: { [name: string]: unknown } = {};

/** Of whatever was thrown. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the relay answered, as the class that tells its case; about the document at `path`, if it is about one. */
export function errorFromAnswer(event: ErrorEvent, path?: string): WeirError {
  const { code, reason, retryAfterMs } = event;
  const message = path === undefined ? event.message : `${path}: ${event.message}`;
  const details: WeirErrorDetails = { code, reason, document: path, retryAfterMs };
  switch (reason) {
    case Reason.deleted:
      return new DocumentDeletedError(message, details);
    case Reason.epoch:
      return new EpochChangedError(message, details);
    case Reason.fenced:
      return new FencedError(message, details);
    case Reason.resendDiffers:
    case Reason.notComparable:
      return new ResendRefusedError(message, details);
    case Reason.producerOwned:
      return new ProducerOwnedError(message, details);
    case Reason.snapshot:
      return new SnapshotRefusedError(message, details);
    case Reason.protocol:
      return new ProtocolError(message);
  }
  if (code === Code.permissionDenied || code === Code.unauthenticated)
    return new AccessDeniedError(message, details);
  const Named = classes[code] ?? WeirError;
  return new Named(message, details);
}

const classes: { [code: number]: typeof WeirError } = {
  [Code.notFound]: NotFoundError,
  [Code.resourceExhausted]: LimitReachedError,
  [Code.unavailable]: RelayUnavailableError,
  [Code.dataLoss]: RecordDamagedError,
};
