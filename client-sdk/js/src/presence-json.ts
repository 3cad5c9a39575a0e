// Presence as JSON: what each session shows of itself, a value that replaces the one before.

import type { DocumentSession } from './document.js';
import { utf8 } from './bytes.js';

export class JsonPresence {
  readonly others = new Map<string, unknown>();
  readonly #session: DocumentSession;

  constructor(session: DocumentSession, changed: (others: ReadonlyMap<string, unknown>) => void) {
    this.#session = session;
    session.on('presence', (changes) => {
      for (const { key, data, gone } of changes) {
        const value = gone ? undefined : read(data);
        if (value === undefined) this.others.delete(key);
        else this.others.set(key, value);
      }
      changed(this.others);
    });
    session.on('disconnected', () => {
      if (this.others.size === 0) return;
      this.others.clear();
      changed(this.others);
    });
  }

  set(value: unknown): void {
    const text = value === null ? undefined : (JSON.stringify(value) as string | undefined);
    this.#session.setPresence(text === undefined ? new Uint8Array(0) : utf8.encode(text));
  }
}

/** Undefined when it is no JSON: a stranger's bytes, shown to nobody. */
function read(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}
