// Are two Loro documents the same one? Their versions must be equal, then all operations, one by one, for the same operations are cut
// into changes in one way here and in another there; and then what is to be seen, for a snapshot of Loro's carries the state beside the
// operations, and whoever loads it takes that as it is.
//
// What is compared of the state is every value, under the id of its container, and how text is formatted. Of what does not show, the
// exact place of a format's end among deleted letters, say, the operations are compared, but not what a snapshot has made of them.

import type { ContainerID, JsonOp, LoroDoc, LoroText } from 'loro-crdt';

import { equalBytes } from './bytes.js';
import type { Verdict } from './snapshots.js';

export function compareLoro(mine: LoroDoc, theirs: LoroDoc): Verdict {
  if (mine.oplogVersion().compare(theirs.oplogVersion()) !== 0) return 'invalid';
  if (mine.isShallow() || theirs.isShallow()) return 'unknown'; // not all operations are there
  return equalOperations(mine, theirs) && equalStates(mine, theirs) ? 'valid' : 'invalid';
}

// ---- operations ----

function equalOperations(mine: LoroDoc, theirs: LoroDoc): boolean {
  if (equalBytes(mine.export({ mode: 'update' }), theirs.export({ mode: 'update' }))) return true;
  const [left, right] = [operations(mine), operations(theirs)];
  return left.size === right.size && [...left].every(([id, operation]) => right.get(id) === operation);
}

/** Each by its id; runs are taken apart into what each number of their counter stands for. */
function operations(doc: LoroDoc): Map<string, string> {
  const all = new Map<string, string>();
  for (const { id, deps, lamport, msg, ops } of doc.exportJsonUpdates(undefined, undefined, false).changes) {
    const [first, peer] = split(id);
    for (const { container, counter, content } of ops)
      unitsOf(content).forEach((unit, i) => {
        const at = counter + i;
        const before = `${at - 1}@${peer}`;
        const bases = at > first ? before : [...deps].sort().join();
        // What goes on where the same peer stopped needs no word, for it may be cut there or not.
        all.set(`${at}@${peer}`, `${container} ${lamport + at - first} ${bases === before ? '' : bases} ${msg ?? ''} ${unit}`);
      });
  }
  return all;
}

/** What one operation does to each number of its counter. */
function unitsOf(content: JsonOp['content']): string[] {
  if (content.type === 'insert' && 'text' in content)
    return [...content.text].map((text, i) => `text ${content.pos + i} ${text}`);
  if (content.type === 'insert' && 'value' in content && Array.isArray(content.value)) {
    const { pos } = content as { pos: number };
    return content.value.map((value, i) => `value ${pos + i} ${canonical(value)}`);
  }
  return content.type === 'delete' && 'len' in content ? deletions(content) : [canonical(content)];
}

/** A negative length runs backwards, and its id is still that of the leftmost. */
function deletions({ pos, len, start_id }: { pos: number; len: number; start_id: string }): string[] {
  const [counter, peer] = split(start_id);
  const count = Math.abs(len);
  return Array.from({ length: count }, (_, i) =>
    len > 0 ? `delete ${pos} ${counter + i}@${peer}` : `delete ${pos - i} ${counter + count - 1 - i}@${peer}`,
  );
}

function split(id: string): [counter: number, peer: string] {
  const [counter, peer] = id.split('@');
  return [Number(counter), peer!];
}

// ---- state ----

function equalStates(mine: LoroDoc, theirs: LoroDoc): boolean {
  return canonical(stateOf(mine)) === canonical(stateOf(theirs));
}

/** Without roots that are empty: whoever asks for one has it from then on, and nobody has written it. */
function stateOf(doc: LoroDoc): unknown {
  const roots = Object.entries(doc.getDeepValueWithID() as Record<string, { cid: string; value: unknown }>);
  const deep = Object.fromEntries(roots.filter(([, { value }]) => !isEmpty(value)));
  const formats: Record<string, unknown> = {};
  for (const id of textsIn(deep)) formats[id] = (doc.getContainerById(id as ContainerID) as LoroText).toDelta();
  return [deep, formats];
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === '' || value === 0;
}

function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { cid } = value as { cid?: unknown };
  const own = typeof cid === 'string' && cid.endsWith(':Text') ? [cid] : [];
  return [...own, ...Object.values(value).flatMap(textsIn)];
}

/** JSON in which neither the order of keys nor the kind of an array of bytes matters. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (one instanceof Uint8Array) return { bytes: [...one] };
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
    return Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
