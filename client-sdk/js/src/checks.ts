// What is wrong with a call is said at the call, by a TypeError, before anything is done.

import { utf8 } from './bytes.js';

export function checkBytes(data: unknown, what: string): void {
  if (!(data instanceof Uint8Array)) throw new TypeError(`${what} takes a Uint8Array`);
}

/** The space that is meant. The rules of names are the relay's (docs/protocol.md). */
export function checkPlace(space: string | undefined, document: string): string {
  if (space === undefined) throw new TypeError('name a space, here or in the client');
  checkName('space', space, 255);
  checkName('document', document, 1024);
  return space;
}

function checkName(kind: string, name: unknown, bytesMax: number): void {
  // The name itself is not shown: it may be anything.
  if (typeof name !== 'string' || name === '' || /[\p{Cc}\p{Cs}]/u.test(name) || utf8.encode(name).length > bytesMax)
    throw new TypeError(`a ${kind} name has 1 to ${bytesMax} bytes of UTF-8 and no control character`);
}

export function checkFrom(from: unknown): void {
  if (from === undefined || from === 'start' || from === 'live') return;
  const { epoch, offset, chain } = (from ?? {}) as { [field: string]: unknown };
  if (typeof epoch !== 'bigint' || !Number.isSafeInteger(offset) || !(chain instanceof Uint8Array))
    throw new TypeError("from takes 'start', 'live' or a cursor (epoch: a bigint)");
}
