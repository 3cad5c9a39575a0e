// One seed of a small world: some people edit a Yjs document through the relay, over unreliable lines, some with
// WeirProvider and some with unmodified y-websocket, some of them collecting garbage and some not; one client lies about
// snapshots. In the end every honest one must have what a document has that saw every edit as it was made.
import { WebsocketProvider } from 'y-websocket';
import WebSocket from 'ws';
import * as OldY from 'yjs';

import { packDecoder, snapshotter, WeirClient, WeirProvider, Y } from './sdk.mjs';
import { randomFrom } from './traces.mjs';
import { leave, until } from './until.mjs';

const steps = 80;

export async function playSeed(relay, seed) {
  const random = randomFrom(seed);
  const below = (bound) => Math.floor(random() * bound);
  const oracle = new Y.Doc({ gc: false });
  const world = { relay, space: `fuzz-${seed % 4}`, room: `seed ${seed}`, random, below, oracle };
  const people = Array.from({ length: 4 }, (_, number) => new Person(world, number));
  const liar = new Liar(world);
  try {
    for (let step = 0; step < steps; step++) {
      people[below(people.length)].act();
      if (below(4) === 0) await pause(below(30));
      // Now and then nobody writes for a while: that is when old clients are asked for their state.
      if (below(steps / 2) === 0) await pause(2600);
    }
    for (const person of people) person.comeBack();
    await until(`everybody has everything (seed ${seed})`, () => people.every((person) => person.has(oracle)));
    const late = [new Person(world, 4), new Person(world, 5)];
    people.push(...late);
    await until(`newcomers have everything (seed ${seed})`, () => late.every((person) => person.has(oracle)));
    for (const person of people) person.compareWith(oracle, seed);
  } finally {
    for (const person of people) person.leave();
    liar.leave();
    oracle.destroy();
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** An honest client, of either kind. */
class Person {
  constructor(world, number) {
    this.world = world;
    this.old = number % 2 === 1;
    this.Y = this.old ? OldY : Y; // two copies of yjs must not share a document
    this.doc = new this.Y.Doc({ gc: world.below(3) > 0 });
    this.doc.on('update', (update, origin, doc, transaction) => {
      if (transaction.local) Y.applyUpdate(world.oracle, update);
    });
    this.provider = this.old ? this.#oldProvider() : this.#provider();
  }

  #provider() {
    const { relay, space, room } = this.world;
    const provider = new WeirProvider(relay.url, space, room, this.doc, {
      webSocket: WebSocket,
      awareness: null,
      ...(this.world.below(2) === 0 ? { packs: packDecoder } : {}),
    });
    provider.on('error', () => {});
    provider.on('connection-error', () => {});
    return provider;
  }

  #oldProvider() {
    const { relay, space, room } = this.world;
    return new WebsocketProvider(`${relay.url}/yjs/${space}`, room, this.doc, {
      WebSocketPolyfill: WebSocket,
      disableBc: true,
      maxBackoffTime: 200,
    });
  }

  act() {
    const dice = this.world.below(100);
    if (dice < 6) return this.provider.disconnect();
    if (dice < 16) return this.provider.connect();
    if (dice < 20) return this.#cutTheLine();
    this.doc.transact(() => edit(this.doc, this.Y, this.world));
  }

  /** As a lost connection: what was on its way is gone. */
  #cutTheLine() {
    if (this.old) return this.provider.ws?.terminate?.();
    this.provider.disconnect();
    this.provider.connect();
  }

  comeBack() {
    this.provider.connect();
  }

  has(oracle) {
    if (!this.provider.synced || this.provider.saved === false) return false;
    return sameVector(this.doc, oracle) && deletions(this.doc) === deletions(oracle);
  }

  compareWith(oracle, seed) {
    const mine = contentOf(this.doc);
    const theirs = contentOf(oracle);
    if (mine !== theirs)
      throw new Error(`seed ${seed}: ${this.old ? 'a y-websocket client' : 'a WeirProvider'} has\n${mine}\ninstead of\n${theirs}`);
  }

  leave() {
    leave(this.provider);
  }
}

/** Nested types, formatting, deletions: everything that Yjs can say, a little of each. */
function edit(doc, Y, { below, random }) {
  const text = doc.getText('text');
  const list = doc.getArray('list');
  const map = doc.getMap('map');
  const at = (length) => below(length + 1);
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
      return text.insert(at(text.length), words(random));
    case 3: {
      const from = at(text.length);
      return text.delete(from, below(Math.min(12, text.length - from) + 1));
    }
    case 4: {
      const from = at(text.length);
      return text.format(from, below(Math.min(12, text.length - from) + 1), { bold: below(2) === 0 || null });
    }
    case 5:
      return text.insertEmbed(at(text.length), { image: words(random) });
    case 6:
      return list.insert(at(list.length), [below(1000), words(random)]);
    case 7:
      return list.length > 0 ? list.delete(below(list.length), 1) : undefined;
    case 8: {
      const nested = new Y.Map();
      nested.set('of', words(random));
      nested.set('text', new Y.Text(words(random)));
      return list.insert(at(list.length), [nested]);
    }
    case 9: {
      const nested = list.toArray().find((item) => item instanceof Y.Map);
      return nested?.get('text')?.insert(0, words(random));
    }
    case 10:
      return map.set(`key ${below(5)}`, below(3) === 0 ? new Y.Array() : words(random));
    default:
      return map.delete(`key ${below(5)}`);
  }
}

function words(random) {
  return Array.from({ length: 1 + Math.floor(random() * 30) }, () => 'abcdefgh ijkl'[Math.floor(random() * 13)]).join('');
}

function sameVector(left, right) {
  const a = Y.decodeStateVector(Y.encodeStateVector(left));
  const b = Y.decodeStateVector(Y.encodeStateVector(right));
  return a.size === b.size && [...a].every(([client, clock]) => b.get(client) === clock);
}

const deletions = (doc) => {
  const set = Y.snapshot(doc).ds.clients;
  return JSON.stringify(
    [...set].map(([client, items]) => [client, items.map(({ clock, len }) => [clock, len])]).sort(([a], [b]) => a - b),
  );
};

/** Keys in their order, which a map has not. */
function contentOf(doc) {
  const sorted = (key, value) =>
    value?.constructor === Object ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return JSON.stringify(
    [doc.getText('text').toDelta(), doc.getArray('list').toJSON(), doc.getMap('map').toJSON()],
    sorted,
  );
}

/**
 * Offers snapshots that are not what the document is, whether it is asked or not: with an edit left out, with letters
 * changed, of nothing, of garbage. Everything about them is right but the content.
 */
class Liar {
  constructor({ relay, space, room, below }) {
    this.client = new WeirClient({ url: relay.url, space, webSocket: WebSocket });
    this.client.on('error', () => {});
    this.client.on('connection-error', () => {});
    const updates = [];
    const lies = [
      () => Y.mergeUpdates(updates.slice(0, -1)),
      () => {
        const bytes = Y.mergeUpdates(updates).slice();
        for (let i = 0; i < bytes.length; i++) if (bytes[i] === 97) bytes[i] = 98;
        return bytes;
      },
      () => new Uint8Array([0, 0]),
      () => Uint8Array.from({ length: 50 }, () => below(256)),
      () => {
        const forged = new Y.Doc();
        for (const update of updates) Y.applyUpdate(forged, update);
        forged.getText('text').insert(0, 'forged ');
        return Y.encodeStateAsUpdate(forged);
      },
    ];
    this.session = this.client.subscribe(room, {
      snapshotter: snapshotter({
        make: () => (updates.length < 2 ? null : { bytes: lies[below(lies.length)](), codec: 0, fidelity: 'lossless' }),
        compare: () => 'unknown',
      }),
    });
    this.session.on('error', () => {});
    this.session.on('records', (records) => {
      for (const { payload } of records) if (payload !== null) updates.push(payload);
    });
  }

  leave() {
    this.session.close();
    this.client.close();
  }
}
