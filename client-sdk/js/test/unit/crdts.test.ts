// What every CRDT with an adapter must do: a document is the same one whatever the way and the order in which its deltas came, and no other
// passes for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kinds, type Copy, type Kind } from '../support/kinds.js';
import { mulberry } from '../support/random.js';

/** Three people who edit, now and then without having heard of each other; every delta, in the order of their making. */
function session(kind: Kind, seed: number, steps = 90): Uint8Array[] {
  const random = mulberry(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const all: { by: number; delta: Uint8Array }[] = [];
  const people = [0, 1, 2].map((by) => {
    const copy = kind.copy();
    const crdt = copy.crdt();
    crdt.observe((deltas) => all.push(...deltas.map((delta) => ({ by, delta }))), () => Infinity);
    return { copy, crdt, heard: 0 };
  });
  for (let step = 0; step < steps; step++) {
    const by = below(3);
    const one = people[by]!;
    if (random() < 0.3) {
      one.crdt.commit?.();
      one.crdt.apply(all.slice(one.heard).flatMap((made) => (made.by === by ? [] : [made.delta])));
      one.heard = all.length;
    }
    one.copy.edit(below);
  }
  people.forEach(({ crdt }) => crdt.commit?.());
  return all.map(({ delta }) => delta);
}

function made(kind: Kind, deltas: readonly Uint8Array[]): Copy {
  const copy = kind.copy();
  copy.crdt().apply(deltas);
  return copy;
}

for (const kind of kinds) {
  test(`${kind.name}: one document, in whatever order its deltas come, and out of any snapshot`, () => {
    for (let seed = 1; seed <= 8; seed++) {
      const deltas = session(kind, seed);
      const own = made(kind, deltas);
      const shuffled = kind.copy();
      const crdt = shuffled.crdt();
      const random = mulberry(seed);
      const mixed = deltas.map((delta) => ({ delta, at: random() })).sort((a, b) => a.at - b.at);
      for (const { delta } of mixed) crdt.apply([delta]);
      crdt.apply(deltas.slice(0, 10));
      assert.deepEqual(shuffled.seen(), own.seen(), `seed ${seed}`);
      assert.equal(own.crdt().compare(crdt), 'valid');
      const cut = Math.floor((deltas.length * (seed % 8)) / 7);
      for (const half of [deltas.slice(0, cut), mixed.slice(0, cut).map(({ delta }) => delta)]) {
        const early = kind.copy().crdt();
        early.apply(half);
        const late = kind.copy();
        const theirs = late.crdt();
        theirs.apply(early.state());
        theirs.apply(deltas);
        assert.equal(own.crdt().compare(theirs), 'valid', `seed ${seed}`);
        assert.equal(theirs.compare(own.crdt()), 'valid', `seed ${seed}`);
        assert.deepEqual(late.seen(), own.seen());
      }
    }
  });

  test(`${kind.name}: a document that lacks one delta is another`, () => {
    let checked = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const deltas = [...new Map(session(kind, seed).map((delta) => [Buffer.from(delta).toString('hex'), delta])).values()];
      const own = kind.copy().crdt();
      own.apply(deltas);
      for (let lost = 0; lost < deltas.length; lost += 5) {
        const rest = kind.copy().crdt();
        rest.apply(deltas.filter((_, i) => i !== lost));
        assert.equal(own.compare(rest), 'invalid', `seed ${seed}, without ${lost}`);
        assert.notEqual(rest.compare(own), 'valid');
        checked++;
      }
    }
    assert.ok(checked > 30, `${checked}`);
  });

  test(`${kind.name}: what one lacks of another is exactly that, whole or in pieces`, () => {
    const deltas = session(kind, 5, 200);
    const own = kind.copy().crdt();
    own.apply(deltas);
    for (const half of [0, Math.floor(deltas.length / 2), deltas.length]) {
      const there = kind.copy().crdt();
      there.apply(deltas.slice(0, half));
      for (const bytesMax of [Infinity, 300]) {
        const theirs = kind.copy().crdt();
        theirs.apply(deltas.slice(0, half));
        for (const piece of own.lacking(there, bytesMax)) theirs.apply([piece]);
        assert.equal(own.compare(theirs), 'valid');
      }
    }
    const same = kind.copy().crdt();
    same.apply(deltas);
    assert.deepEqual(own.lacking(same, Infinity), []);
    assert.deepEqual(kind.copy().crdt().lacking(kind.copy().crdt(), 100), []);
    assert.ok(kind.copy().crdt().empty);
    assert.ok(!own.empty);
  });

  test(`${kind.name}: bytes that are no delta are refused, and no flipped bit makes another document pass`, () => {
    const crdt = kind.copy().crdt();
    assert.throws(() => crdt.apply([Uint8Array.of(0xff, 0xff, 0xff)]), Error);
    assert.ok(crdt.empty);
    const deltas = session(kind, 3, 30);
    const own = kind.copy();
    own.crdt().apply(deltas);
    const random = mulberry(9);
    const state = own.crdt().state();
    for (let round = 0; round < 300; round++) {
      const parts = state.map((part) => part.slice());
      const part = parts[Math.floor(random() * parts.length)]!;
      part[Math.floor(random() * part.length)]! ^= 1 << Math.floor(random() * 8);
      const theirs = kind.copy();
      try {
        theirs.crdt().apply(parts);
      } catch {
        continue;
      }
      if (own.crdt().compare(theirs.crdt()) === 'valid') assert.deepEqual(theirs.seen(), own.seen());
    }
  });
}
