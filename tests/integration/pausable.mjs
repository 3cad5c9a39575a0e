// A WebSocket constructor whose sockets can be left unread.
//
//   const line = pausable();
//   const client = new WeirClient({ ..., webSocket: line.WebSocket, runtime: line.runtime });
//   line.pause();              nothing is read from the socket any more; TCP fills up behind it
//   line.resume();
//
// The client's own clock stands still meanwhile: else it would give the connection up for silent.
import WebSocket from 'ws';

import { systemRuntime } from './sdk.mjs';

export function pausable() {
  let pausedAt = null;
  let pausedMs = 0;
  let socket = null;
  const line = {
    connections: 0,
    pause() {
      pausedAt = performance.now();
      socket.pause();
    },
    resume() {
      pausedMs += performance.now() - pausedAt;
      pausedAt = null;
      socket.resume();
    },
    runtime: { ...systemRuntime, now: () => (pausedAt ?? performance.now()) - pausedMs },
    WebSocket: class extends WebSocket {
      constructor(url, protocols) {
        super(url, protocols);
        socket = this;
        line.connections++;
      }
    },
  };
  return line;
}
