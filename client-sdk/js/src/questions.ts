// What a client asks without a subscription: pages of history and chunks of snapshots. Each question has one answer. When
// the connection is lost before it came the question is asked again on the next one, and again after a while when the relay
// cannot answer just now; so who asked need only wait.

import { errorFromAnswer, type WeirError } from './errors.js';
import { isTransient } from './retry.js';
import type { Runtime, Timer } from './runtime.js';
import { abortable } from './waiters.js';
import type { ClientEvent, ErrorEvent, HistoryPage, ReadHistory, ReadSnapshot, ServerEvent, SnapshotChunk } from './wire/events.js';

const retryMs = 1_000;

/** A question without its number, and its answer. */
export interface Asker {
  ask(question: Omit<ReadHistory, 'request'>, signal?: AbortSignal): Promise<HistoryPage>;
  ask(question: Omit<ReadSnapshot, 'request'>, signal?: AbortSignal): Promise<SnapshotChunk>;
}

interface Pending {
  question: Omit<ReadHistory, 'request'> | Omit<ReadSnapshot, 'request'>;
  /** 0 while it is not asked. */
  request: number;
  timer: Timer | null;
  resolve(answer: HistoryPage | SnapshotChunk): void;
  reject(error: unknown): void;
}

export class Questions implements Asker {
  readonly #runtime: Runtime;
  readonly #nextRequest: () => number;
  readonly #sendEvent: (event: ClientEvent) => void;
  readonly #pending = new Set<Pending>();
  #connected = false;
  #overWith: WeirError | null = null;

  constructor(runtime: Runtime, nextRequest: () => number, send: (event: ClientEvent) => void) {
    this.#runtime = runtime;
    this.#nextRequest = nextRequest;
    this.#sendEvent = send;
  }

  ask(question: Omit<ReadHistory, 'request'>, signal?: AbortSignal): Promise<HistoryPage>;
  ask(question: Omit<ReadSnapshot, 'request'>, signal?: AbortSignal): Promise<SnapshotChunk>;
  ask(question: Pending['question'], signal?: AbortSignal): Promise<HistoryPage | SnapshotChunk> {
    if (this.#overWith !== null) return Promise.reject(this.#overWith);
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    let pending: Pending | null = null;
    const answer = new Promise<HistoryPage | SnapshotChunk>((resolve, reject) => {
      pending = { question, request: 0, timer: null, resolve, reject };
      this.#pending.add(pending);
      this.#send(pending);
    });
    const forget = (): void => void (pending !== null && this.#remove(pending));
    return abortable(answer, signal).finally(forget);
  }

  // ---- the connection's course ----

  connected(): void {
    this.#connected = true;
    for (const pending of this.#pending) this.#send(pending);
  }

  disconnected(): void {
    this.#connected = false;
    for (const pending of this.#pending) this.#rest(pending);
  }

  /** Nothing is answered any more. */
  end(error: WeirError): void {
    this.#overWith = error;
    for (const pending of [...this.#pending]) pending.reject(error);
  }

  /** False: it is about something else. */
  answered(event: ServerEvent): boolean {
    if (event.kind !== 'history' && event.kind !== 'snapshotChunk' && event.kind !== 'error') return false;
    const pending = this.#find(event.request);
    if (pending === undefined) return event.kind === 'snapshotChunk' && event.request !== 0;
    if (event.kind === 'error') this.#refused(pending, event);
    else if (event.kind === (pending.question.kind === 'readHistory' ? 'history' : 'snapshotChunk')) pending.resolve(event);
    return true;
  }

  #refused(pending: Pending, event: ErrorEvent): void {
    if (isTransient(event.code)) {
      this.#rest(pending);
      pending.timer = this.#runtime.after(event.retryAfterMs || retryMs, () => this.#send(pending));
      return;
    }
    const { space, document } = pending.question;
    pending.reject(errorFromAnswer(event, `${space}/${document}`));
  }

  #send(pending: Pending): void {
    this.#rest(pending);
    if (!this.#connected) return;
    pending.request = this.#nextRequest();
    this.#sendEvent({ ...pending.question, request: pending.request });
  }

  #rest(pending: Pending): void {
    pending.request = 0;
    pending.timer?.cancel();
    pending.timer = null;
  }

  #remove(pending: Pending): void {
    this.#rest(pending);
    this.#pending.delete(pending);
  }

  #find(request: number): Pending | undefined {
    if (request === 0) return undefined;
    for (const pending of this.#pending) if (pending.request === request) return pending;
    return undefined;
  }
}
