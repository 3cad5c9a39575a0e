// What the client needs of the world: a clock, timers, chance, and a WebSocket. Tests put their own in their place.

/** The part of a WebSocket that is used; browsers' and the `ws` package's both fit. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount?: number;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: object) => void): void;
}

/** What is looked at of any socket event; `object` above, since the types of `ws` and of browsers have nothing in common. */
export interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

export interface Timer {
  cancel(): void;
}

export interface Runtime {
  /** Milliseconds, never going back. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  randomBytes(count: number): Uint8Array;
  after(delayMs: number, run: () => void): Timer;
  /** Once the current work is done, before anything else. */
  soon(run: () => void): void;
}

/** A longer timeout fires at once, in browsers and in Node, and the relay says how long some are. */
const timerMsMax = 2 ** 31 - 1;

export const systemRuntime: Runtime = {
  now: () => performance.now(),
  random: () => Math.random(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  after(delayMs, run) {
    const id = setTimeout(run, Math.min(delayMs, timerMsMax));
    return { cancel: () => clearTimeout(id) };
  },
  soon: (run) => queueMicrotask(run),
};

/** Of browsers, and of Node from version 22 on. */
export function globalSocket(): WebSocketConstructor {
  const socket = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (socket === undefined)
    throw new TypeError('this runtime has no WebSocket: give one as `webSocket`, such as that of the "ws" package');
  return socket;
}
