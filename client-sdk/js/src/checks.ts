// What is wrong with a call is said at the call, by a TypeError, before anything is done.

import { utf8 } from './bytes.js';

/** The rest of the options, an address apart, is what TypeScript says; these are mistaken most easily without it. */
export function checkClient({ store, producer }: { store?: unknown; producer?: unknown }): void {
  if (store !== undefined && !has(store, 'load'))
    throw new TypeError('store takes what `await openStore(...)` of @weir/client/browser or /node gives');
  if (producer !== undefined && (producer as { length?: unknown }).length !== 16)
    throw new TypeError('a producer id has 16 bytes');
}

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

export function checkSubscribe(options: { from?: unknown; encryption?: unknown; verify?: unknown }): void {
  checkFrom(options.from);
  const { encryption, verify } = options;
  if (encryption !== undefined && !has(encryption, 'begin'))
    throw new TypeError('encryption takes what `encryption({ id, key })` of @weir/client/encryption gives');
  if (verify !== undefined && !has(verify, 'begin'))
    throw new TypeError('verify takes `verify` of @weir/client/encryption');
}

/** Of a provider, whose arguments are easily swapped, or given as another library's provider has them. */
export function checkDocument(doc: unknown, method: string, what: string): void {
  if (!has(doc, method)) throw new TypeError(what);
}

function has(value: unknown, method: string): boolean {
  return typeof (value as { [name: string]: unknown } | null)?.[method] === 'function';
}

/** Where a history ends and begins. A Date is neither such an object nor a number. */
export function checkHistory({ asOf = {}, after = 0 }: { asOf?: unknown; after?: unknown }): void {
  const place = (number: unknown): boolean => Number.isSafeInteger(number) && (number as number) >= 0;
  const { offset = 1, time = 1, ...others } = Object(asOf) as { [field: string]: unknown };
  const plain = typeof asOf === 'object' && asOf !== null && !(asOf instanceof Date);
  if (!plain || Object.keys(others).length > 0 || !place(offset) || !place(time) || offset === 0 || time === 0)
    throw new TypeError('asOf takes { offset } or { time } in whole Unix seconds, or both, from 1 on');
  if (!place(after)) throw new TypeError('after takes an offset');
}

function checkFrom(from: unknown): void {
  if (from === undefined || from === 'start' || from === 'live') return;
  const { epoch, offset, chain } = (from ?? {}) as { [field: string]: unknown };
  if (typeof epoch !== 'bigint' || !Number.isSafeInteger(offset) || !(chain instanceof Uint8Array))
    throw new TypeError("from takes 'start', 'live' or a cursor (epoch: a bigint)");
}
