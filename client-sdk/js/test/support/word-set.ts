// The smallest CRDT there is: words are only ever added, each is a delta.
import type { Crdt } from '../../src/crdt.js';
import type { Verdict } from '../../src/snapshots.js';

export class WordSet implements Crdt<WordSet> {
  readonly #words = new Set<string>();
  #made: (deltas: Uint8Array[]) => void = () => undefined;

  add(word: string): void {
    if (this.#words.has(word)) return;
    this.#words.add(word);
    this.#made([Buffer.from(word)]);
  }

  words(): string[] {
    return [...this.#words].sort();
  }

  get empty(): boolean {
    return this.#words.size === 0;
  }

  /** 0xff begins no word. */
  apply(deltas: readonly Uint8Array[]): void {
    for (const delta of deltas) this.#words.add(new TextDecoder('utf-8', { fatal: true }).decode(delta));
  }

  state(): Uint8Array[] {
    return this.words().map((word) => Buffer.from(word));
  }

  fresh(): WordSet {
    return new WordSet();
  }

  lacking(there: WordSet): Uint8Array[] {
    return this.words()
      .filter((word) => !there.#words.has(word))
      .map((word) => Buffer.from(word));
  }

  compare(theirs: WordSet): Verdict {
    return JSON.stringify(this.words()) === JSON.stringify(theirs.words()) ? 'valid' : 'invalid';
  }

  observe(made: (deltas: Uint8Array[]) => void): () => void {
    this.#made = made;
    return () => (this.#made = () => undefined);
  }
}
