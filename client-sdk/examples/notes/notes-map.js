// The document: a map from names to texts in which the last writer wins, one CRDT delta a write.
//
//   const delta = map.write('milk', '2 litres');      null instead of a text removes
//   map.apply(delta); document.publish(delta);        and others' deltas as they come, in any order
//
// Of the deltas of one name, the greatest byte string counts (README.md), so that everyone who has the same deltas has
// the same map. The C++ example `notes` reads and writes the same.

const version = 1;
const clockAt = 1;
const replicaAt = 9;
const kindAt = 25;
const nameAt = 28;
const utf8 = new TextEncoder();

export class NotesMap {
  #replica;
  #newest = new Map(); // name to { text, delta }

  /** 16 random bytes: no two replicas may have the same. */
  constructor(replica = crypto.getRandomValues(new Uint8Array(16))) {
    this.#replica = replica;
  }

  /** A delta that is newer than what this map has; it is not applied yet. */
  write(name, text) {
    const [nameBytes, textBytes] = [utf8.encode(name), utf8.encode(text ?? '')];
    const clock = (read(this.#newest.get(name)?.delta)?.clock ?? 0) + 1;
    const delta = new Uint8Array(nameAt + nameBytes.length + textBytes.length);
    const view = new DataView(delta.buffer);
    delta[0] = version;
    view.setBigUint64(clockAt, BigInt(clock));
    delta.set(this.#replica, replicaAt);
    delta[kindAt] = text === null ? 0 : 1;
    view.setUint16(kindAt + 1, nameBytes.length);
    delta.set(nameBytes, nameAt);
    delta.set(textBytes, nameAt + nameBytes.length);
    if (nameBytes.length > 0xffff || read(delta) === null) throw new RangeError(`"${name}" is not a name for a note, or was changed too often`);
    return delta;
  }

  /** Whether it changed anything. What is no delta is ignored, as everyone does. */
  apply(delta) {
    const write = read(delta);
    if (write === null) return false;
    const newest = this.#newest.get(write.name);
    if (newest !== undefined && compare(delta, newest.delta) <= 0) return false;
    this.#newest.set(write.name, { text: write.text, delta: delta.slice() });
    return true;
  }

  /** What is there, [name, text], in the order of the names' bytes. */
  all() {
    return [...this.#newest]
      .filter(([, { text }]) => text !== null)
      .map(([name, { text }]) => [name, text])
      .sort(([one], [other]) => compare(utf8.encode(one), utf8.encode(other)));
  }

  /** The deltas that make this map, removals included. */
  deltas() {
    return [...this.#newest.values()].map(({ delta }) => delta);
  }
}

function read(delta) {
  if (!delta || delta.length <= nameAt || delta[0] !== version) return null;
  const view = new DataView(delta.buffer, delta.byteOffset, delta.byteLength);
  const clock = view.getBigUint64(clockAt);
  const textAt = nameAt + view.getUint16(kindAt + 1);
  if (textAt === nameAt || textAt > delta.length || clock > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const name = decode(delta.subarray(nameAt, textAt));
  const text = decode(delta.subarray(textAt));
  if (name === null || text === null) return null;
  if (delta[kindAt] === 0 && text === '') return { clock: Number(clock), name, text: null };
  return delta[kindAt] === 1 ? { clock: Number(clock), name, text } : null;
}

function decode(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function compare(one, other) {
  const shared = Math.min(one.length, other.length);
  for (let i = 0; i < shared; ++i) if (one[i] !== other[i]) return one[i] - other[i];
  return one.length - other.length;
}
