// Opening takes time, and a document's events have an order: behind one that is being opened, all wait. Nothing waits
// where nothing is opened.
//
// A WebSocket cannot be told to send no more, so where a relay sends faster than can be opened here, the document unsubscribes, and
// when all that had come was taken it subscribes again from its cursor. What is under way meanwhile is dropped; it comes again.

import type { DocumentLink } from '../link.js';
import type { Pack, PresenceUpdate, ServerEvent, WireRecord } from '../wire/events.js';
import { inParts, type DocumentCipher } from './cipher.js';
import type { PresenceClocks } from './presence-clocks.js';

/** So much may wait, of records and presence. */
export const waitingBytesMax = 4 * 1024 * 1024;
/** What a record takes beside its payload, about: without it, those that have none could come for ever. */
const recordBytes = 128;

export interface GateOwner {
  /** What was read before this is not opened again. */
  readonly readThrough: number;
  take(event: ServerEvent): void;
  frameEnd(): void;
  /** Enough has come. False: it cannot be had again, so it goes on coming. */
  pause(): boolean;
  /** All that had come was taken: it may go on. */
  resume(): void;
  /** Something went wrong that nothing from the relay explains. */
  giveUp(cause: unknown): void;
}

type Step = ServerEvent | 'frameEnd';

export class Gate {
  readonly #link: Pick<DocumentLink<never>, 'packs' | 'producer'>;
  readonly #owner: GateOwner;
  readonly #cipher: DocumentCipher;
  readonly #clocks: PresenceClocks;
  #waiting: Step[] = [];
  #waitingBytes = 0;
  /** Until the answer to the next subscribe. */
  #paused: 'draining' | 'asked' | null = null;
  #busy = false;
  #round = 0; // what was begun in an older one is dropped

  constructor(link: Pick<DocumentLink<never>, 'packs' | 'producer'>, owner: GateOwner, cipher: DocumentCipher, clocks: PresenceClocks) {
    this.#link = link;
    this.#owner = owner;
    this.#cipher = cipher;
    this.#clocks = clocks;
  }

  add(step: Step): void {
    if (step !== 'frameEnd' && step.kind === 'subscribed') this.#paused = null;
    if (this.#paused !== null && comesAgain(step)) return;
    this.#waiting.push(step);
    this.#waitingBytes += bytesOf(step);
    if (!this.#busy) return this.#run();
    if (this.#waitingBytes > waitingBytesMax && this.#paused === null && this.#owner.pause()) this.#paused = 'draining';
  }

  hold(next: Promise<() => void>): void {
    this.#busy = true;
    const round = this.#round;
    const failed = (cause: unknown) => (): void => this.#owner.giveUp(cause);
    void next.catch(failed).then((run) => {
      if (round !== this.#round) return;
      this.#busy = false;
      run();
      if (!this.#busy) this.#run();
    });
  }

  drop(): void {
    this.#round++;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#paused = null;
    this.#busy = false;
  }

  #run(): void {
    const steps = this.#waiting;
    let done = 0;
    const round = this.#round;
    while (done < steps.length && !this.#busy && round === this.#round) {
      const step = steps[done++]!;
      this.#waitingBytes -= bytesOf(step);
      if (step === 'frameEnd') this.#owner.frameEnd();
      else this.#step(step);
    }
    if (round !== this.#round) return;
    steps.splice(0, done);
    if (this.#paused !== 'draining' || this.#busy || steps.length > 0) return;
    this.#paused = 'asked';
    this.#owner.resume();
  }

  #step(event: ServerEvent): void {
    const opening = this.#opening(event);
    if (opening === null) this.#owner.take(event);
    else this.hold(opening.then((opened) => () => void (opened !== null && this.#owner.take(opened))));
  }

  /** Null: there is nothing in it to open. A promise of null: nothing of it is to be taken. */
  #opening(event: ServerEvent): Promise<ServerEvent | null> | null {
    switch (event.kind) {
      case 'records':
        if (event.records.every(({ payload }) => payload === null)) return null;
        return this.#openRecords(event.records).then((records) => ({ ...event, records }));
      case 'pack':
        return this.#openPack(event);
      case 'presence':
        return event.data.length === 0 || event.gone ? null : this.#openPresence(event);
      case 'subscribed':
        if (event.presence.length === 0) return null;
        return Promise.all(event.presence.map((one) => this.#openPresence(one))).then((presence) => ({
          ...event,
          presence: presence.filter((one) => one !== null),
        }));
      default:
        return null;
    }
  }

  #openRecords(records: readonly WireRecord[]): Promise<WireRecord[]> {
    return inParts(records, (record) => this.#openRecord(record));
  }

  async #openRecord(record: WireRecord): Promise<WireRecord> {
    const { offset, producer, sequence, time, codec, payload } = record; // it may be a view of its pack
    if (payload === null || offset <= this.#owner.readThrough) return record;
    const opened = await this.#cipher.openRecord({ offset, producer, sequence, codec, payload });
    return { offset, producer, sequence, time, codec, payload, opened };
  }

  /** One that cannot be unpacked goes on as it is: who takes it says what is wrong with it. */
  #openPack(event: Pack): Promise<ServerEvent> | null {
    try {
      const { records, chain } = this.#link.packs!.decode(event.data);
      return this.#openRecords(records).then((opened) => ({ ...event, decoded: { records: opened, chain } }));
    } catch {
      return null;
    }
  }

  async #openPresence(update: PresenceUpdate): Promise<PresenceUpdate | null> {
    const opened = await this.#cipher.openPresence(update.data);
    if (opened === null) return { ...update, data: new Uint8Array(0), gone: true };
    return this.#clocks.accepts(update.producer, opened) ? { ...update, data: opened.data } : null;
  }
}

/** What another subscription tells anew; answers to publishes it does not. */
function comesAgain(step: Step): boolean {
  return step === 'frameEnd' || (step.kind !== 'stored' && step.kind !== 'error');
}

function bytesOf(step: Step): number {
  if (step === 'frameEnd') return 0;
  if (step.kind === 'records') return step.records.reduce((sum, { payload }) => sum + recordBytes + (payload?.length ?? 0), 0);
  return step.kind === 'pack' || step.kind === 'presence' ? step.data.length + recordBytes : 0;
}
