// Promises for a condition that comes and goes.

export interface WaitOptions {
  /** Ends the waiting, and nothing else: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

export class Waiters {
  #waiting: Waiter[] = [];

  /** Resolved if the condition holds, rejected if it never will again, else pending. */
  wait(holds: boolean, never: Error | null, options: WaitOptions = {}): Promise<void> {
    if (never !== null) return Promise.reject(never);
    if (holds) return Promise.resolve();
    const waiting = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    return abortable(waiting, options.signal);
  }

  resolve(): void {
    for (const { resolve } of this.#take()) resolve();
  }

  reject(error: Error): void {
    for (const { reject } of this.#take()) reject(error);
  }

  #take(): Waiter[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

/** The same promise, which gives up when the signal says so. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
