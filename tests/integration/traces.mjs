// Editing traces: the real ones in the folder that WEIR_TRACES names, or one made up from a seed. Both have the format of
// the editing-traces collection: { txns: [{ parents, agent, patches: [[position, deleted, inserted], ...] }], endContent }.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

export async function readTrace(name) {
  const folder = process.env.WEIR_TRACES;
  if (folder === undefined || folder === '') return null;
  const file = path.join(folder, `${name}.json.gz`);
  if (!existsSync(file)) throw new Error(`WEIR_TRACES names ${folder}, which has no ${name}.json.gz`);
  return JSON.parse(gunzipSync(await readFile(file)).toString('utf8'));
}

/** The same numbers for the same seed (mulberry32), each in [0, 1). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const words = 'the quick brown fox jumps over a lazy dog while every letter waits for its turn Ω é'.split(' ');

/** One author who types, jumps about, and takes things back. */
export function typingTrace(keystrokes, seed = 1) {
  const random = randomFrom(seed);
  const characters = [];
  const txns = [];
  let cursor = 0;
  let word = '';
  while (txns.length < keystrokes) {
    if (word === '') word = `${words[Math.floor(random() * words.length)]} `;
    if (random() < 0.02) cursor = Math.floor(random() * (characters.length + 1));
    if (random() < 0.12 && cursor > 0) {
      characters.splice(--cursor, 1);
      txns.push({ patches: [[cursor, 1, '']] });
    } else {
      characters.splice(cursor, 0, word[0]);
      txns.push({ patches: [[cursor++, 0, word[0]]] });
      word = word.slice(1);
    }
  }
  return { startContent: '', endContent: characters.join(''), txns };
}

/** Two authors who type at once and merge now and then. Positions are rough: they are clamped when they are applied. */
export function concurrentTrace(keystrokes, seed = 2) {
  const random = randomFrom(seed);
  const txns = [];
  const last = [[], []];
  let agent = 0;
  while (txns.length < keystrokes) {
    if (random() < 0.05) agent = 1 - agent;
    const merges = random() < 0.1;
    const parents = merges ? [...new Set([...last[0], ...last[1]])] : last[agent];
    const position = Math.floor(random() * (1 + txns.length / 2));
    const patch = random() < 0.15 ? [position, 1, ''] : [position, 0, words[Math.floor(random() * words.length)][0]];
    txns.push({ parents, agent, patches: [patch] });
    last[agent] = [txns.length - 1];
  }
  return { kind: 'concurrent', numAgents: 2, txns };
}
