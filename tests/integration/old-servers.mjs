// The servers that people move from, as npm has them, on free ports of the loopback.
//
//   const server = await startYWebsocketServer(folder);     what y-websocket's documentation runs, its documents in `folder`
//   const server = await startHocuspocus('token');          lets in whoever has it; server.stored has what it gave its database
//   server.url; await server.stop();
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { Database } from '@hocuspocus/extension-database';
import { Server } from '@hocuspocus/server';

import { freePorts } from './relay.mjs';
import { until } from './until.mjs';

export async function startYWebsocketServer(folder) {
  const program = fileURLToPath(new URL('node_modules/@y/websocket-server/src/server.js', import.meta.url));
  const [port] = await freePorts(1);
  const env = { ...process.env, HOST: '127.0.0.1', PORT: String(port), YPERSISTENCE: folder };
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (some) => (said += some));
  await until('the y-websocket server runs', () => {
    if (child.exitCode !== null) throw new Error(`the y-websocket server ended: ${said}`);
    return said.includes(`on port ${port}`);
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}

export async function startHocuspocus(wanted) {
  const stored = new Map();
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    quiet: true,
    stopOnSignals: false,
    debounce: 0,
    onAuthenticate: async ({ token }) => {
      if (token !== wanted) throw new Error('wrong token');
    },
    extensions: [
      new Database({
        fetch: async ({ documentName }) => stored.get(documentName) ?? null,
        store: async ({ documentName, state }) => void stored.set(documentName, state),
      }),
    ],
  });
  await server.listen();
  return { url: `ws://127.0.0.1:${server.address.port}`, stored, stop: () => server.destroy() };
}
