// Values of a document that the relay does not take, since each is larger than a delta may be and none can be cut: a picture.
//
// Yjs applies what a client wrote in the order of its clock, so nobody could place what this client writes after such a value.
// Therefore the document gets a new client id: what is written from then on reaches the others, except what stands right beside
// the value. When the value is taken out, what is left of it is small, and goes up with what followed it.

import * as Y from 'yjs';

export class Unsent {
  readonly #doc: Y.Doc;
  #values: Y.ID[] = [];

  constructor(doc: Y.Doc) {
    this.#doc = doc;
  }

  get count(): number {
    return this.#values.length;
  }

  /** False: it was known. */
  add(update: Uint8Array): boolean {
    const id = Y.decodeUpdate(update).structs[0]?.id;
    if (id === undefined || this.#values.some((one) => Y.compareIDs(one, id))) return false;
    this.#values.push(id);
    if (id.client === this.#doc.clientID) this.#doc.clientID = new Y.Doc().clientID; // a random one
    return true;
  }

  forget(): void {
    this.#values = [];
  }

  /** What can go up now that this transaction has taken values out; null when it has taken out none. */
  takenOut({ deleteSet }: Y.Transaction): Uint8Array | null {
    if (this.#values.length === 0 || deleteSet.clients.size === 0) return null;
    const { store } = this.#doc;
    const isOut = (id: Y.ID): boolean => Y.getItem(store, id).deleted;
    const out = this.#values.filter(isOut);
    if (out.length === 0) return null;
    this.#values = this.#values.filter((id) => !isOut(id));
    const there = Y.decodeStateVector(Y.encodeStateVector(this.#doc));
    for (const { client, clock } of out) there.set(client, Math.min(clock, there.get(client)!));
    return Y.encodeStateAsUpdate(this.#doc, Y.encodeStateVector(there));
  }
}
