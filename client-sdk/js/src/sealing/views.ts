// Whether authors have seen the history that is read here. Each sealed record names the chain value at its author's cursor;
// the last chain values of this reader are kept to be compared with it.

import { equalBytes } from '../bytes.js';
import type { Seen } from './format.js';

const keptMax = 16_384;

export class Views {
  /** Rising; those of one unbroken stretch of history. */
  #offsets: number[] = [];
  #chains: Uint8Array[] = [];

  /** The history was followed up to here; null: it could not be. */
  followed(offset: number, chain: Uint8Array | null): void {
    if (chain === null) return this.restart(offset, null);
    while (this.#offsets.length > 0 && this.#offsets.at(-1)! >= offset) {
      this.#offsets.pop(); // that was taken back
      this.#chains.pop();
    }
    this.#offsets.push(offset);
    this.#chains.push(chain);
  }

  /** Another history, or one with a hole before this place. */
  restart(offset: number, chain: Uint8Array | null): void {
    this.#offsets = chain === null ? [] : [offset];
    this.#chains = chain === null ? [] : [chain];
  }

  /** Null where it is not known. */
  chainAt(offset: number): Uint8Array | null {
    const at = this.#find(offset);
    return this.#offsets[at] === offset ? this.#chains[at]! : null;
  }

  /** What the author of the record at `offset` had seen cannot be in this history. */
  contradicts(seen: Seen, offset: number): boolean {
    if (seen.offset >= offset) return true;
    const at = this.#find(seen.offset);
    if (this.#offsets[at] === seen.offset) return !equalBytes(this.#chains[at]!.subarray(0, 16), seen.chain);
    return at > 0; // between two that follow one another here, or after the last one before this record
  }

  /** No more than is promised; those before this place, which were compared with already, count. */
  trim(offset: number): void {
    if (this.#offsets.length < 2 * keptMax) return;
    const surplus = this.#find(offset) - keptMax;
    if (surplus <= 0) return;
    this.#offsets.splice(0, surplus);
    this.#chains.splice(0, surplus);
  }

  /** The first that is not below `offset`. */
  #find(offset: number): number {
    let from = 0;
    let to = this.#offsets.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#offsets[middle]! < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
