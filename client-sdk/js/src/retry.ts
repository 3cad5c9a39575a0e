// What is worth trying again, and after how long.

import { Code } from './errors.js';
import type { Runtime } from './runtime.js';
import type { ErrorEvent } from './wire/events.js';

const transientCodes: number[] = [
  Code.resourceExhausted,
  Code.unavailable,
  Code.internal,
  Code.aborted,
  Code.cancelled,
  Code.unknown,
];

/** Worth trying again as it is. */
export function isTransient(code: number): boolean {
  return transientCodes.includes(code);
}

/** Full jitter: anywhere between nothing and a ceiling that doubles with each failure, so that a crowd spreads out. */
export function backoffMs(failures: number, random: number, firstMs: number, maxMs: number): number {
  return Math.floor(random * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30)));
}

/** After each refusal in a row: what the relay says, or longer with each. */
export class RetryDelay {
  readonly #runtime: Runtime;
  #failures = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  nextMs({ retryAfterMs }: ErrorEvent): number {
    if (retryAfterMs > 0) return retryAfterMs;
    return 50 + backoffMs(this.#failures++, this.#runtime.random(), 250, 30_000);
  }

  /** It went well: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
