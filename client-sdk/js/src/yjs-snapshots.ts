// Snapshots of Yjs documents: a state as one update (V1, codec 0), and the comparison of two states that decides whether
// somebody else's snapshot is right.
//
// Yjs collects garbage: of what is deleted one document may still have the content, and another only a tombstone. So equal
// documents need not be equal bytes, and are compared struct by struct: everything that is there must be the same, in the same
// place, deleted or not; where something is deleted in both, content may be missing in one of them. Both states are loaded
// into documents of their own first, which is what a newcomer does with a snapshot; so nothing is believed that was only
// written in it.

import { encoding } from 'lib0';
import * as Y from 'yjs';

import { equalBytes } from './bytes.js';
import type { WeirRecord } from './document.js';
import { snapshotter } from './snapshotter.js';
import type { SnapshotState, SnapshotWorker, Verdict } from './snapshots.js';
import { yjsUpdateOf } from './yjs-updates.js';

/**
 * The state of a document. Lossless is only one of a document that keeps what was deleted: what Yjs collects as garbage
 * nobody needs to merge, but a peer that shows old versions would miss it.
 */
export function yjsState(doc: Y.Doc): SnapshotState {
  const lossless = !doc.gc && ![...doc.store.clients.values()].some((structs) => structs.some(isGarbage));
  return { bytes: Y.encodeStateAsUpdate(doc), codec: 0, fidelity: lossless ? 'lossless' : 'unknown' };
}

/** Does `snapshot`, with the updates after it, give the same document as `own`? */
export function compareYjsStates(own: Uint8Array, snapshot: Uint8Array, updates: readonly Uint8Array[]): Verdict {
  const mine = new Y.Doc({ gc: false });
  const theirs = new Y.Doc({ gc: false });
  try {
    if (load(mine, [own]) > 0) return 'unknown';
    if (load(theirs, [snapshot]) > 0) return 'invalid';
    load(theirs, updates); // a record that is no update is left out by whoever reads it
    return verdictOf(mine, theirs);
  } finally {
    mine.destroy();
    theirs.destroy();
  }
}

/** For SubscribeOptions.snapshotter; `ready` says whether all of the document was read from the relay or published to it. */
export function yjsSnapshotter(doc: Y.Doc, ready: () => boolean): SnapshotWorker {
  return snapshotter({
    make: () => (ready() ? yjsState(doc) : null),
    compare: (own, snapshot, records) =>
      snapshot.codec === 0 ? compareYjsStates(own.bytes, snapshot.bytes, payloadsOf(records)) : 'unknown',
  });
}

function payloadsOf(records: readonly WeirRecord[]): Uint8Array[] {
  return records.flatMap((record) => {
    try {
      return yjsUpdateOf(record) ?? [];
    } catch {
      return []; // it was left out of the document, too
    }
  });
}

// ---- loading ----

/**
 * How many of the updates could not be read. In one transaction that counts as local: after others Yjs tidies up
 * formatting, which is a change of its own.
 */
function load(doc: Y.Doc, updates: readonly Uint8Array[]): number {
  let failed = 0;
  doc.transact((transaction) => {
    for (const update of updates) {
      try {
        Y.applyUpdate(doc, update);
      } catch {
        failed++;
      }
    }
    transaction.local = true;
  });
  return failed;
}

// ---- comparing ----

type Struct = Y.Item | Y.GC;
type Content = Y.Item['content'];

function verdictOf(mine: Y.Doc, theirs: Y.Doc): Verdict {
  const clients = new Set([...mine.store.clients.keys(), ...theirs.store.clients.keys()]);
  for (const client of clients) {
    const left = (mine.store.clients.get(client) ?? []) as Struct[];
    const right = (theirs.store.clients.get(client) ?? []) as Struct[];
    if (!equalStructs(left, right)) return 'invalid';
  }
  if (equalPending(mine, theirs)) return 'valid';
  // What is here lacks something that is nowhere: then nobody can tell what a snapshot should have of it.
  return mine.store.pendingStructs === null && mine.store.pendingDs === null ? 'invalid' : 'unknown';
}

/** Structs of one client: the same clocks on both sides, however they are cut into structs. */
function equalStructs(left: Struct[], right: Struct[]): boolean {
  let i = 0;
  let j = 0;
  let clock = 0;
  while (i < left.length && j < right.length) {
    const a = left[i]!;
    const b = right[j]!;
    const end = Math.min(endOf(a), endOf(b));
    if (!equalRange(a, b, clock, end)) return false;
    clock = end;
    if (endOf(a) === end) i++;
    if (endOf(b) === end) j++;
  }
  return i === left.length && j === right.length;
}

function equalRange(a: Struct, b: Struct, from: number, to: number): boolean {
  if (a.deleted !== b.deleted) return false;
  if (a instanceof Y.GC) return b instanceof Y.GC || isGoneForGood(b);
  if (b instanceof Y.GC) return isGoneForGood(a);
  if (!equalPlaces(a, b, from)) return false;
  if (a.deleted && (a.content instanceof Y.ContentDeleted || b.content instanceof Y.ContentDeleted)) return true;
  return equalContents(a, b, from, to);
}

/**
 * Only what lies in something deleted may lose its place too. Anything else that did would take with it what somebody
 * who was away has written beside it.
 */
function isGoneForGood(item: Y.Item): boolean {
  const parent = item.parent as Y.AbstractType<unknown> | null;
  return parent?._item?.deleted === true;
}

function equalPlaces(a: Y.Item, b: Y.Item, clock: number): boolean {
  const origin = (item: Y.Item): Y.ID | null =>
    clock === item.id.clock ? item.origin : Y.createID(item.id.client, clock - 1);
  return (
    equalIds(origin(a), origin(b)) &&
    equalIds(a.rightOrigin, b.rightOrigin) &&
    a.parentSub === b.parentSub &&
    equalParents(a.parent as Y.AbstractType<unknown>, b.parent as Y.AbstractType<unknown>)
  );
}

function equalIds(a: Y.ID | null, b: Y.ID | null): boolean {
  return a === null || b === null ? a === b : Y.compareIDs(a, b);
}

function equalParents(a: Y.AbstractType<unknown>, b: Y.AbstractType<unknown>): boolean {
  if (a._item === null || b._item === null)
    return a._item === b._item && Y.findRootTypeKey(a) === Y.findRootTypeKey(b);
  return Y.compareIDs(a._item.id, b._item.id);
}

/** Contents that can be cut are compared in the part that both have; others are whole, and of length 1. */
function equalContents(a: Y.Item, b: Y.Item, from: number, to: number): boolean {
  if (a.content.getRef() !== b.content.getRef()) return false;
  if (a.content instanceof Y.ContentString) return partOf(a, from, to) === partOf(b, from, to);
  if (isList(a.content) && isList(b.content)) return equalBytes(listed(a, from, to), listed(b, from, to));
  return equalBytes(written(a), written(b));
}

function partOf(item: Y.Item, from: number, to: number): string {
  return (item.content as Y.ContentString).str.slice(from - item.id.clock, to - item.id.clock);
}

function isList(content: Content): content is Y.ContentAny | Y.ContentJSON {
  return content instanceof Y.ContentAny || content instanceof Y.ContentJSON;
}

function listed(item: Y.Item, from: number, to: number): Uint8Array {
  const encoder = encoding.createEncoder();
  const { arr } = item.content as Y.ContentAny | Y.ContentJSON;
  for (const value of arr.slice(from - item.id.clock, to - item.id.clock)) encoding.writeAny(encoder, value);
  return encoding.toUint8Array(encoder);
}

function written(item: Y.Item): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  item.content.write(encoder, 0);
  return encoder.toUint8Array();
}

// ---- what waits for something that is not there yet ----

function equalPending(a: Y.Doc, b: Y.Doc): boolean {
  const { pendingStructs: left, pendingDs: leftDs } = a.store;
  const { pendingStructs: right, pendingDs: rightDs } = b.store;
  const structs = (pending: { update: Uint8Array } | null): string => (pending === null ? '' : canonical(pending.update));
  return structs(left) === structs(right) && equalDeletes(leftDs, rightDs);
}

/** A pending update in a form that does not depend on the order in which its parts came. */
function canonical(update: Uint8Array): string {
  const { structs } = Y.decodeUpdateV2(update);
  const lines = structs.map((struct) => {
    const encoder = new Y.UpdateEncoderV1();
    struct.write(encoder, 0);
    return `${struct.id.client}:${struct.id.clock}:${struct.length}:${encoder.toUint8Array().join()}`;
  });
  return lines.sort().join('\n');
}

function equalDeletes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  const empty = Y.createDeleteSet();
  const setOf = (update: Uint8Array | null): typeof empty => {
    const set = update === null ? empty : Y.decodeUpdateV2(update).ds;
    return Y.mergeDeleteSets([set]);
  };
  return Y.equalDeleteSets(setOf(a), setOf(b));
}

function isGarbage(struct: object): boolean {
  return struct instanceof Y.GC || (struct instanceof Y.Item && struct.content instanceof Y.ContentDeleted);
}

function endOf(struct: Struct): number {
  return struct.id.clock + struct.length;
}
