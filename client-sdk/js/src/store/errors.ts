// What can go wrong with a store, by name.

import { Code, messageOf, WeirError } from '../errors.js';

/** Of the store in this browser or on this disk; the relay has no part in it. */
export class StoreError extends WeirError {
  override name = 'StoreError';
  constructor(message: string, cause?: unknown, code: number = Code.unavailable) {
    super(message, { code, cause });
  }
}
/** There is no room. The client goes on in memory, and writes what it could not as soon as there is room again. */
export class StorageFullError extends StoreError {
  override name = 'StorageFullError';
  constructor(message: string, cause?: unknown) {
    super(message, cause, Code.resourceExhausted);
  }
}
/** Another client has the store open. */
export class StoreLockedError extends StoreError {
  override name = 'StoreLockedError';
  constructor(message: string, cause?: unknown) {
    super(message, cause, Code.failedPrecondition);
  }
}
/** What is in the store is not what was put there. */
export class StoreCorruptError extends StoreError {
  override name = 'StoreCorruptError';
  constructor(message: string, cause?: unknown) {
    super(message, cause, Code.dataLoss);
  }
}
/** There can be no store here: the browser has no IndexedDB or no Web Locks, or does not let this page use them. */
export class StoreUnavailableError extends StoreError {
  override name = 'StoreUnavailableError';
}

/** Whatever a store threw, as an error with a name. */
export function storeError(where: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause;
  return new StoreError(`${where}: ${messageOf(cause)}`, cause);
}
