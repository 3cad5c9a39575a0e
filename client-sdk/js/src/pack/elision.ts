// Checksums that were left out, put back (docs/pack-format.md, "Left out").
import { digest } from '../chain.js';
import { Output, PackBytes, PackError } from './bytes.js';
import { xxh32 } from './xxh32.js';

export const enum Form {
  plain = 0,
  loro = 1,
  automerge = 2,
}

const loroSeed = 0x4f524f4c;
const automergeHead = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0); // the last four are filled in
const hashesKept = 64;
const hashBytes = 32;

const loroHead = new Uint8Array(20);
loroHead.set([0x6c, 0x6f, 0x72, 0x6f]); // "loro"

export class Restorer {
  #recent: Uint8Array[] = []; // hashes of automerge payloads, the last one last

  /** Appends the payload to `out`. */
  restore(form: number, bytes: Uint8Array, references: PackBytes, out: Output): void {
    if (form === Form.plain) {
      out.put(bytes);
    } else if (form === Form.loro) {
      const hash = xxh32(bytes, loroSeed);
      for (let i = 0; i < 4; i++) loroHead[16 + i] = hash >>> (8 * i);
      out.put(loroHead);
      out.put(bytes);
    } else {
      this.#automerge(bytes, references, out);
    }
  }

  #automerge(bytes: Uint8Array, references: PackBytes, out: Output): void {
    const reader = new PackBytes(bytes);
    reader.byte();
    reader.skipVarints(1);
    const count = reader.varint(hashesKept);
    const from = out.size;
    out.put(automergeHead);
    out.put(bytes, 0, reader.position);
    for (let i = 0; i < count; i++) {
      const distance = references.varint(hashesKept);
      const known = distance === 0 ? reader.take(hashBytes) : this.#recent[this.#recent.length - distance];
      if (known === undefined) throw new PackError('a pack refers to a hash that is not there');
      out.put(known);
    }
    out.put(bytes, reader.position);
    const hash = digest(out.bytes.subarray(from + 8, out.size));
    out.bytes.set(hash.subarray(0, 4), from + 4);
    this.#recent.push(hash);
    if (this.#recent.length > 2 * hashesKept) this.#recent = this.#recent.slice(-hashesKept);
  }
}
