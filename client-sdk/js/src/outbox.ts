// What one document still has to store: deltas in the order of publish, until the relay says they are durable.
//
//   outbox.add(0, payload, done)                 queued
//   outbox.nextFrame(limits)                     numbered and on the wire
//   outbox.stored(through)                       durable: gone from here
//   outbox.disconnected(), nextFrame()           the same bytes under the same sequences again
//
// A sequence is given when a delta is first sent, for then the producer's last stored one is known. What has a
// sequence is always a prefix of the queue, and what is on the wire a prefix of that.
//
// With a journal, a delta has its sequence from the beginning, since it is stored under it before it is sent: the journal
// remembers how far the producer has come.

import type { OutboxEntry, OutboxJournal } from './outbox-entry.js';

export interface FrameLimits {
  /** For all the deltas of a frame together; a single larger one still goes, alone. */
  payloadBytesMax: number;
  deltasMax: number;
}

export interface OutgoingFrame {
  firstSequence: number;
  base: boolean;
  entries: OutboxEntry[];
  bytes: number;
}

export class Outbox {
  #entries: OutboxEntry[] = [];
  #first = 0; // what lies before is gone; cut off now and then, so that an ack costs O(1)
  #sent = 0; // of the entries from #first on, how many were sent on this connection
  #frames: { through: number; bytes: number }[] = [];
  #bytes = 0;
  #inFlightBytes = 0;
  #nextSequence = 1;
  #baseNext = false;
  readonly #journal: OutboxJournal | null;
  #restored = false; // only then the journal has told how far the producer has come

  constructor(journal: OutboxJournal | null = null) {
    this.#journal = journal;
  }

  /** Deltas not yet known to be durable. */
  get length(): number {
    return this.#entries.length - this.#first;
  }
  get bytes(): number {
    return this.#bytes;
  }
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }
  get inFlight(): boolean {
    return this.#frames.length > 0;
  }
  get unsent(): number {
    return this.length - this.#sent;
  }
  /** The lowest sequence not known to be durable, or the one the next delta will get. */
  get firstSequence(): number {
    return this.#entries[this.#first]?.sequence || this.#nextSequence;
  }

  add(entry: OutboxEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    if (!this.#restored) return;
    this.#number(entry);
    this.#journal?.added(entry);
  }

  /** Numbers are given from here on, as with a journal that had kept nothing; the first is the next. */
  begin(): void {
    if (!this.#restored) this.restore([], this.#nextSequence);
  }

  /** What the journal kept goes before all that was added meanwhile; `next` is the first sequence behind it. */
  restore(entries: OutboxEntry[], next: number): void {
    const meanwhile = this.#entries.splice(0);
    this.#entries = entries;
    for (const { bytes } of entries) this.#bytes += bytes;
    for (const { bytes } of meanwhile) this.#bytes -= bytes;
    this.#nextSequence = next;
    this.#restored = true;
    for (const entry of meanwhile) this.add(entry);
  }

  /** The next deltas to send, numbered; null when there is none. */
  nextFrame(limits: FrameLimits): OutgoingFrame | null {
    const from = this.#first + this.#sent;
    let bytes = 0;
    let to = from;
    for (; to < this.#entries.length && to - from < limits.deltasMax; to++) {
      const entry = this.#entries[to]!;
      if (this.#journal?.ready(entry) === false) break;
      if (to > from && (entry.base || bytes + entry.bytes > limits.payloadBytesMax)) break;
      bytes += entry.bytes;
    }
    const entries = this.#entries.slice(from, to);
    if (entries.length === 0) return null;
    for (const entry of entries) {
      if (entry.sequence === 0) this.#number(entry);
      entry.sent = true;
    }
    const firstSequence = entries[0]!.sequence;
    this.#sent += entries.length;
    this.#inFlightBytes += bytes;
    this.#frames.push({ through: firstSequence + entries.length - 1, bytes });
    return { firstSequence, base: entries[0]!.base, entries, bytes };
  }

  /** What would be sent next; not before the journal has it. */
  get next(): Readonly<OutboxEntry> | undefined {
    const entry = this.#entries[this.#first + this.#sent];
    return entry !== undefined && this.#journal?.ready(entry) === false ? undefined : entry;
  }
  /** All that waits, oldest first. */
  get waiting(): readonly Readonly<OutboxEntry>[] {
    return this.#entries.slice(this.#first);
  }
  /** What was added last. */
  get last(): Readonly<OutboxEntry> | undefined {
    return this.length > 0 ? this.#entries.at(-1) : undefined;
  }
  /** What is longest here. */
  get oldest(): Readonly<OutboxEntry> | undefined {
    return this.#entries[this.#first];
  }

  /** It became larger or smaller while it waited. */
  resize(entry: { bytes: number }, bytes: number): void {
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
  }

  /** Every delta through this sequence is durable. */
  stored(through: number, offset: number): void {
    this.answered(through);
    if (this.oldest?.refused === true) return this.#storedBehindRefused(through, offset);
    let entry = this.#entries[this.#first];
    while (entry !== undefined && entry.sequence !== 0 && entry.sequence <= through) {
      this.#drop(entry);
      entry.stored(offset);
      entry = this.#entries[this.#first];
    }
    this.#shorten();
  }

  /** The relay takes none of these under this producer; they wait for another. */
  refused(through: number): void {
    this.answered(through);
    for (const entry of this.#entries) if (entry.sequence !== 0 && entry.sequence <= through) entry.refused = true;
  }

  #storedBehindRefused(through: number, offset: number): void {
    const isStored = ({ refused, sequence }: OutboxEntry): boolean => !refused && sequence !== 0 && sequence <= through;
    const waiting = this.#entries.slice(this.#first);
    this.#entries = waiting.filter((entry) => !isStored(entry));
    this.#first = 0;
    for (const entry of waiting.filter(isStored)) {
      this.#sent--;
      this.#bytes -= entry.bytes;
      entry.stored(offset);
    }
  }

  /** The relay has answered, in whatever way, for the frames through this sequence; 0: for all. */
  answered(through: number): void {
    while (this.#frames.length > 0 && (through === 0 || this.#frames[0]!.through <= through))
      this.#inFlightBytes -= this.#frames.shift()!.bytes;
  }

  /** Sends again, from `sequence` on; only when nothing is in flight. False when that one is gone or was never sent. */
  rewind(sequence: number): boolean {
    const first = this.firstSequence;
    if (sequence < first || sequence > this.#nextSequence) return false;
    let index = this.#first;
    while (
      index < this.#entries.length &&
      this.#entries[index]!.sequence !== 0 &&
      this.#entries[index]!.sequence < sequence
    )
      index++;
    this.#sent = index - this.#first;
    return true;
  }

  /** Nothing is on the wire any more. */
  disconnected(): void {
    this.#sent = 0;
    this.#frames = [];
    this.#inFlightBytes = 0;
  }

  /** The producer has stored more than this outbox ever sent: an earlier life of it did. */
  continueAfter(sequence: number): void {
    if (this.#nextSequence <= sequence) this.#nextSequence = sequence + 1;
  }

  /** Another producer, another count: all that waits is numbered anew from 1. */
  restart(): void {
    this.#renumber();
    this.#nextSequence = 1;
    this.#numberAll();
  }

  /**
   * Another history: all that waits is numbered anew. Where the producer has nothing stored, by numbers never used before,
   * opening with a base; else behind what is stored. `dropOffered`: the state is asked for again.
   */
  reopen(storedThrough: number, dropOffered: boolean): void {
    this.#renumber();
    this.#entries = this.#entries.filter(({ offered }) => !dropOffered || !offered);
    this.#bytes = this.#entries.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#baseNext = storedThrough === 0;
    if (!this.#baseNext) this.#nextSequence = storedThrough + 1;
    this.#numberAll();
  }

  /** Puts deltas before all that wait. Only after reopen(), before anything is sent. */
  offer(entries: OutboxEntry[]): void {
    const first = this.firstSequence;
    const base = this.oldest?.base ?? this.#baseNext;
    this.#entries.splice(this.#first, 0, ...entries);
    for (const entry of entries) this.#bytes += entry.bytes;
    if (!this.#restored) return;
    this.#nextSequence = first;
    this.#baseNext = base;
    this.#numberAll();
  }

  /** Puts entries in the place of others, which stand together and are not stored; these and all behind them are numbered anew. */
  replace(old: readonly OutboxEntry[], entries: readonly OutboxEntry[]): void {
    const [first] = old;
    const index = this.#entries.indexOf(first!);
    this.#entries.splice(index, old.length, ...entries);
    this.#bytes = this.waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#nextSequence = first!.sequence;
    this.#baseNext = first!.base;
    this.#numberAll(index);
  }

  /** Takes out the first unsent delta, which cannot be sent. */
  refuseNext(error: Error): void {
    const [entry] = this.#entries.splice(this.#first + this.#sent, 1);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    if (this.#restored) {
      this.#nextSequence = entry.sequence;
      this.#baseNext = entry.base;
      this.#numberAll(this.#first + this.#sent);
    }
    entry.failed(error);
  }

  /** Gives up all that waits; the numbers it had are free again, for the relay has refused them. */
  clear(error: Error): void {
    const entries = this.#entries.slice(this.#first);
    this.#nextSequence = this.firstSequence;
    this.disconnected();
    this.#entries = [];
    this.#first = 0;
    this.#bytes = 0;
    if (this.#restored) this.#journal?.rewritten([]);
    for (const entry of entries) entry.failed(error);
  }

  #renumber(): void {
    this.disconnected();
    this.#entries.splice(0, this.#first);
    this.#first = 0;
    for (const entry of this.#entries) {
      entry.sequence = 0;
      entry.base = entry.refused = entry.sent = false;
    }
    this.#baseNext = false;
  }

  #number(entry: OutboxEntry): void {
    entry.sequence = this.#nextSequence++;
    entry.base = this.#baseNext;
    this.#baseNext = false;
  }

  /** Sequences for all from `index` on, and the journal is told of the whole. */
  #numberAll(index = this.#first): void {
    if (!this.#restored) return;
    for (const entry of this.#entries.slice(index)) this.#number(entry);
    this.#journal?.rewritten(this.#entries.slice(this.#first));
  }

  #drop(entry: OutboxEntry): void {
    this.#first++;
    if (this.#sent > 0) this.#sent--;
    this.#bytes -= entry.bytes;
  }

  #shorten(): void {
    if (this.#first < 1024 && this.#first < this.#entries.length) return;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }
}
