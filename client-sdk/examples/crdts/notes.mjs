// A CRDT of one's own: the map of ../notes, in which the last writer of a name wins, made known to SyncedDocument. It reads and writes
// what that page and the C++ program `notes` do; an item is a name, and its text is empty.
import { NotesMap } from '../notes/notes-map.js';
import { run } from './program.mjs';
import { SyncedDocument } from './sdk.mjs';

const hex = (bytes) => Buffer.from(bytes).toString('hex');

class Notes {
  #map = new NotesMap();
  #made = () => {};
  #changed = () => {};

  write(name, text) {
    const delta = this.#map.write(name, text);
    this.#map.apply(delta);
    this.#made([delta]);
    this.#changed();
  }

  names() {
    return this.#map.all().map(([name]) => name);
  }

  onchange(changed) {
    this.#changed = changed;
  }

  // ---- what SyncedDocument asks for ----

  get empty() {
    return this.#map.deltas().length === 0;
  }
  get fidelity() {
    return 'lossless'; // what was overwritten nobody needs
  }
  /** Bytes that are no delta are left out by the map, as all its readers do. */
  apply(deltas) {
    if (deltas.filter((delta) => this.#map.apply(delta)).length > 0) this.#changed();
  }
  /** Of each name the newest delta, removals included; in one order, so that equal maps are equal bytes. */
  state() {
    return this.#map.deltas().sort((a, b) => Buffer.compare(a, b));
  }
  fresh() {
    return new Notes();
  }
  lacking(there) {
    const has = new Set(there.state().map(hex));
    return this.state().filter((delta) => !has.has(hex(delta)));
  }
  compare(theirs) {
    return this.state().map(hex).join() === theirs.state().map(hex).join() ? 'valid' : 'invalid';
  }
  observe(made) {
    this.#made = made;
    return () => (this.#made = () => {});
  }
}

await run('notes', (client, document) => {
  const notes = new Notes();
  return {
    synced: new SyncedDocument(client, document, notes),
    add: (name) => notes.write(name, ''),
    remove: (name) => notes.write(name, null),
    all: () => notes.names(),
    onchange: (show) => notes.onchange(show),
  };
});
