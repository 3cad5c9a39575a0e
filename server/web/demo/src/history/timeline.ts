// A document's life in steps, and its text after any of them, at once. A step is what one writer did within a second. The
// text is CodeMirror's persistent rope: every so often one is kept, and the steps from there are a few replacements, so
// going anywhere costs the same however long the life was. Beside each text stands another of the same shape that says who
// wrote what: in the place of each character, one that stands for its writer.
import { Text } from '@codemirror/state';

export interface Splice {
  from: number;
  to: number;
  insert: string;
}

export interface Step {
  splices: Splice[];
  /** Of `Timeline.writers`. */
  writer: number;
  /** Unix seconds, of its last record. */
  time: number;
}

export interface Moment {
  text: Text;
  who: Text;
}

const stepsBetweenMoments = 128;
const firstWriter = 0x100; // above what could be taken for a line's end

/** The writer that a character of `who` stands for. */
export const writerOf = (character: string): number => character.charCodeAt(0) - firstWriter;

const lines = (text: string): string[] => text.split('\n');
const signed = (text: string, writer: number): string => text.replace(/[^\n]/g, String.fromCharCode(firstWriter + writer));

function apply({ text, who }: Moment, { splices, writer }: Step): Moment {
  for (const { from, to, insert } of splices) {
    text = text.replace(from, to, Text.of(lines(insert)));
    who = who.replace(from, to, Text.of(lines(signed(insert, writer))));
  }
  return { text, who };
}

export class Timeline {
  readonly steps: Step[] = [];
  /** Producer ids, in the order in which they first wrote; the first stands for what was there before the steps. */
  readonly writers: string[] = [''];
  readonly #numbers = new Map<string, number>();
  readonly #moments: Moment[];
  #last: Moment;

  /** `before`: the text that is there before the first step, when older records are no longer kept. */
  constructor(before = '') {
    const empty: Moment = { text: Text.empty, who: Text.empty };
    const first = before === '' ? empty : apply(empty, { splices: [{ from: 0, to: 0, insert: before }], writer: 0, time: 0 });
    this.#moments = [first];
    this.#last = first;
  }

  get length(): number {
    return this.steps.length;
  }

  /** A small number for a producer. */
  writer(producer: string): number {
    const known = this.#numbers.get(producer);
    if (known !== undefined) return known;
    // Beyond what a character can say, everybody is the last one.
    const number = Math.min(this.writers.length, 0xd000 - firstWriter);
    this.#numbers.set(producer, number);
    if (number === this.writers.length) this.writers.push(producer);
    return number;
  }

  add(step: Step): void {
    this.#last = apply(this.#last, step);
    this.steps.push(step);
    if (this.length % stepsBetweenMoments === 0) this.#moments.push(this.#last);
  }

  /** After so many steps. */
  at(count: number): Moment {
    if (count >= this.length) return this.#last;
    const index = Math.floor(count / stepsBetweenMoments);
    let moment = this.#moments[index] ?? this.#last;
    for (const step of this.steps.slice(index * stepsBetweenMoments, count)) moment = apply(moment, step);
    return moment;
  }
}
