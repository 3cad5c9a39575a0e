// Records to steps: the updates are applied to a document of their own, which tells what each did to the text. A long
// document takes seconds, so it is done in slices of a few milliseconds and the page stays alive.
import * as Y from 'yjs';
import type { Splice, Timeline } from './timeline';

export interface HistoryRecord {
  codec: number;
  payload: Uint8Array;
  producer: Uint8Array;
  time: number;
}

const sliceMs = 10;
const recordsOfStepMax = 16;

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Lets the page paint and answer; a timer would also make it wait. */
const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => (port1.close(), resolve());
    port2.postMessage(null);
  });

export class Replay {
  readonly #doc = new Y.Doc();
  readonly #text = this.#doc.getText('text');
  #splices: Splice[] = [];

  constructor() {
    this.#text.observe(({ delta }) => {
      let at = 0;
      for (const { retain = 0, insert, delete: deleted = 0 } of delta) {
        at += retain;
        // Whatever else somebody's program has put there counts as one character.
        const words = typeof insert === 'string' ? insert : insert === undefined ? '' : '\ufffc';
        if (words !== '' || deleted > 0) this.#splices.push({ from: at, to: at + deleted, insert: words });
        at += words.length;
      }
    });
  }

  /** What stands for records that are no longer kept: the text it gives. */
  begin(snapshots: readonly Uint8Array[]): string {
    this.#apply(snapshots);
    return this.#text.toString();
  }

  async add(records: readonly HistoryRecord[], timeline: Timeline, signal: AbortSignal): Promise<void> {
    let until = performance.now() + sliceMs;
    for (let from = 0; from < records.length; ) {
      const to = endOfStep(records, from);
      const { producer, time } = records[to - 1] as HistoryRecord;
      const splices = this.#apply(records.slice(from, to).flatMap(({ codec, payload }) => (codec === 0 ? [payload] : [])));
      if (splices.length > 0) timeline.add({ splices, writer: timeline.writer(hex(producer)), time });
      from = to;
      if (performance.now() < until) continue;
      await breathe();
      signal.throwIfAborted();
      until = performance.now() + sliceMs;
    }
  }

  #apply(updates: readonly Uint8Array[]): Splice[] {
    this.#doc.transact(() => {
      for (const update of updates) {
        try {
          Y.applyUpdate(this.#doc, update);
        } catch {
          // No Yjs update: the editor leaves it out too.
        }
      }
    });
    const splices = this.#splices;
    this.#splices = [];
    return splices;
  }
}

function endOfStep(records: readonly HistoryRecord[], from: number): number {
  const { producer, time } = records[from] as HistoryRecord;
  const isSame = (other: HistoryRecord | undefined): boolean =>
    other !== undefined && other.time === time && producer.every((byte, i) => other.producer[i] === byte);
  let to = from + 1;
  while (to - from < recordsOfStepMax && isSame(records[to])) to++;
  return to;
}
