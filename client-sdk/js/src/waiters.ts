// Promises for a condition that comes and goes.

export interface WaitOptions {
  /** Ends the waiting, and nothing else: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

interface Waiter<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export class Waiters<Result = void> {
  readonly #waiting = new Set<Waiter<Result>>();

  get size(): number {
    return this.#waiting.size;
  }

  /** Pending; who gives up is forgotten. */
  add({ signal }: WaitOptions = {}): Promise<Result> {
    let gaveUp = (): void => undefined;
    const waiting = new Promise<Result>((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.add(waiter);
      gaveUp = () => void this.#waiting.delete(waiter);
    });
    return abortable(waiting, signal, gaveUp);
  }

  /** Resolved if the condition holds, rejected if it never will again, else pending. */
  wait(this: Waiters, holds: boolean, never: Error | null, options?: WaitOptions): Promise<void> {
    if (never !== null) return Promise.reject(never);
    return holds ? Promise.resolve() : this.add(options);
  }

  resolve(result: Result): void {
    for (const { resolve } of this.#take()) resolve(result);
  }

  reject(error: Error): void {
    for (const { reject } of this.#take()) reject(error);
  }

  #take(): Waiter<Result>[] {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    return waiting;
  }
}

/** The same promise, which gives up when the signal says so: `gaveUp` is called then. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined, gaveUp?: () => void): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => {
      gaveUp?.();
      reject(signal.reason as Error);
    };
    if (signal.aborted) aborted();
    else signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
