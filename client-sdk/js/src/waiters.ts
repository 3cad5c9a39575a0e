// Promises for a condition that comes and goes.

export class Waiters {
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /** Resolved if the condition holds, rejected if it never will again, else pending. */
  wait(holds: boolean, never: Error | null): Promise<void> {
    if (never !== null) return Promise.reject(never);
    if (holds) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  resolve(): void {
    for (const { resolve } of this.#take()) resolve();
  }

  reject(error: Error): void {
    for (const { reject } of this.#take()) reject(error);
  }

  #take(): { resolve: () => void; reject: (error: Error) => void }[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}
