// The three kinds of peers of matrix.test.mjs: the TypeScript client in Node and in Chromium over WebSocket, the C++ client
// over gRPC (WEIR_PEER names the program peer.cpp).
//
//   const kinds = await openKinds();
//   const peer = await kinds.cpp(relay, { makes: true });
//   await peer({ do: 'open', document: 'plan' });
//   await kinds.end();
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import WebSocket from 'ws';

import { build } from '../../client-sdk/js/node_modules/esbuild/lib/main.js';
import { encryption } from '../../client-sdk/js/dist/encryption.js';
import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { packDecoder } from '../../client-sdk/js/dist/pack.js';
import { snapshotter } from '../../client-sdk/js/dist/snapshotter.js';
import { makePeer } from './peer-js.mjs';
import { openBrowser } from './people.mjs';

function node(relay, options) {
  return Promise.resolve(makePeer({ WeirClient, encryption, packDecoder, snapshotter }, { url: relay.origin, webSocket: WebSocket, ...options }));
}

/** The program, spoken to in lines of JSON; it answers each command in its turn. */
function cpp(relay, { makes = false }) {
  const child = spawn(process.env.WEIR_PEER, [`127.0.0.1:${relay.grpcPort}`, ...(makes ? ['--makes'] : [])], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting = [];
  const exited = once(child, 'exit').then(([code, signal]) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the peer ended: ${code ?? signal}`));
    return code;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { resolve, reject } = waiting.shift();
    const answer = JSON.parse(line);
    if (answer.error === undefined) resolve(answer);
    else reject(new Error(answer.error));
  });
  const peer = async (command) => {
    const answer = new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    child.stdin.write(`${JSON.stringify(command)}\n`);
    if (command.do !== 'close') return answer;
    await answer;
    child.stdin.end();
    if ((await exited) !== 0) throw new Error('the peer did not end well');
    return {};
  };
  return Promise.resolve(peer);
}

async function bundle() {
  const sdk = fileURLToPath(new URL('../../client-sdk/js/', import.meta.url));
  const contents = `
    import { WeirClient } from './src/index.ts';
    import { encryption } from './src/encryption.ts';
    import { packDecoder } from './src/pack.ts';
    import { snapshotter } from './src/snapshotter.ts';
    import { makePeer } from '${fileURLToPath(new URL('peer-js.mjs', import.meta.url))}';
    globalThis.makePeer = (options) => (globalThis.peer = makePeer({ WeirClient, encryption, packDecoder, snapshotter }, options));`;
  const { outputFiles } = await build({ stdin: { contents, resolveDir: sdk }, bundle: true, format: 'iife', target: 'es2022', write: false });
  return outputFiles[0].text;
}

export async function openKinds() {
  const script = await bundle();
  const server = createServer((request, response) => {
    response.setHeader('content-type', request.url === '/peer.js' ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(request.url === '/peer.js' ? script : '<!doctype html><title>peer</title><script src="/peer.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await openBrowser();

  async function chromium(relay, options) {
    const page = await browser.newPage();
    await page.goto(origin);
    await page.evaluate((given) => void makePeer(given), { url: relay.origin, ...options });
    return async (command) => {
      const answer = await page.evaluate((given) => peer(given), command);
      if (command.do === 'close') await page.close();
      return answer;
    };
  }

  return {
    kinds: { cpp, node, chromium },
    origin,
    async end() {
      await browser.close();
      server.close();
    },
  };
}
