// The view: one SQLite file with the state of every document, the index of their texts, and the cursor up to which both
// were made. One process writes it.
//
//   const view = new View('search.sqlite', 'acme');
//   view.take(entries, cursor);          one transaction: a crash loses nothing and counts nothing twice
//   view.search('hello');                [{ document, excerpt }]
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import sqlite from 'node-sqlite3-wasm';

import { merge, textOf, version } from './extract.mjs';

export class View {
  #db;
  #file;

  constructor(file, space) {
    this.#file = file;
    takeOver(file);
    this.#db = new sqlite.Database(file);
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS about (space TEXT, version INTEGER, store BLOB, reached TEXT);
      CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, state BLOB NOT NULL, records INTEGER NOT NULL);
      CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5 (name UNINDEXED, body);`);
    const about = this.#db.get('SELECT space, version FROM about');
    if (about === null) {
      if (space === undefined) throw new Error(`${file} holds no view; name the space to follow`);
      this.#db.run('INSERT INTO about VALUES (?, ?, NULL, NULL)', [space, version]);
    } else if (about.version !== version) {
      throw new Error(
        `${file} was made by version ${about.version} of extract.mjs, this is ${version}: ` +
          'make the view anew in another file, then put that in its place',
      );
    } else if (space !== undefined && about.space !== space) {
      throw new Error(`${file} is a view of the space ${about.space}, not of ${space}`);
    }
  }

  get cursor() {
    const { store, reached } = this.#db.get('SELECT store, reached FROM about');
    return store === null ? null : { store: Buffer.from(store), offset: reached };
  }

  take(entries, cursor) {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const [name, what] of gather(entries)) this.#change(name, what);
      this.#db.run('UPDATE about SET store = ?, reached = ?', [cursor.store, cursor.offset]);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #change(name, { begun, deltas }) {
    if (begun) {
      this.#db.run('DELETE FROM documents WHERE name = ?', [name]);
      this.#db.run('DELETE FROM texts WHERE name = ?', [name]);
    }
    if (deltas.length === 0) return;
    const known = this.#db.get('SELECT state, records FROM documents WHERE name = ?', [name]);
    const state = merge(known === null ? null : known.state, deltas);
    const records = (known?.records ?? 0) + deltas.length;
    this.#db.run('INSERT OR REPLACE INTO documents VALUES (?, ?, ?)', [name, Buffer.from(state), records]);
    this.#db.run('DELETE FROM texts WHERE name = ?', [name]);
    this.#db.run('INSERT INTO texts VALUES (?, ?)', [name, textOf(state)]);
  }

  search(query) {
    return this.#db.all(
      "SELECT name AS document, snippet(texts, 1, '[', ']', '...', 8) AS excerpt FROM texts WHERE body MATCH ? ORDER BY rank, name",
      [query],
    );
  }

  /** Everything in it, in an order that does not depend on how it was made. */
  all() {
    return this.#db.all(
      'SELECT documents.name, records, body FROM documents JOIN texts USING (name) ORDER BY documents.name',
    );
  }

  close() {
    this.#db.close();
    rmSync(`${this.#file}.pid`, { force: true });
  }
}

// What the entries mean for each document: whether it began anew, and the deltas since. A cut means nothing: the relay
// no longer keeps those records, and who has taken them keeps what it made of them.
function gather(entries) {
  const changes = new Map();
  for (const { document, what, record } of entries) {
    const change = changes.get(document) ?? { begun: false, deltas: [] };
    changes.set(document, change);
    if (what === 'record') {
      change.deltas.push(record.payload);
    } else if (what === 'deleted' || what === 'recreated') {
      change.begun = true;
      change.deltas = [];
    }
  }
  return changes;
}

// This SQLite locks by making a folder, which a killed process leaves behind.
function takeOver(file) {
  const pidFile = `${file}.pid`;
  if (existsSync(pidFile)) {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    if (pid !== process.pid && isAlive(pid)) throw new Error(`process ${pid} writes ${file} already`);
  }
  writeFileSync(pidFile, String(process.pid));
  rmSync(`${file}.lock`, { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
