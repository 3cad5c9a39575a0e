// A page with the TypeScript client in it and nothing else, for tests that drive the client in a real browser. A service
// worker keeps the page, so that it opens without a network. Each test browser has a profile on disk that can be opened again.
//
//   const page = await serveSdkPage();
//   const profile = await Profile.make();
//   const context = await profile.open();  const tab = await openTab(context, page.origin);
//   await tab.evaluate(() => weir.openStore('x'));
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

import { build } from '../../client-sdk/js/node_modules/esbuild/lib/main.js';
import { browserFlags, waitMsMax } from './people.mjs';

const sdk = fileURLToPath(new URL('../../client-sdk/js/', import.meta.url));

/** A classic script, or a module when `how` says so. */
async function bundle(contents, how = {}) {
  const stdin = { contents, resolveDir: sdk };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'iife', target: 'es2022', write: false, ...how });
  return outputFiles[0].text;
}

const library = `
  import * as client from './src/index.ts';
  import * as browser from './src/browser.ts';
  import * as encryption from './src/encryption.ts';
  import { MemoryStore } from './src/store/memory.ts';
  import { WeirProvider, mergeYjs } from './src/yjs.ts';
  import * as Y from 'yjs';
  globalThis.weir = { ...client, ...browser, ...encryption, MemoryStore, WeirProvider, mergeYjs, Y };
  globalThis.held = {}; // what a test wants to find again
`;

/** Keeps the page and its script, and answers what a test asks it to do with the client. */
const worker = `${library}
  addEventListener('install', (event) => event.waitUntil(caches.open('page').then((cache) => cache.addAll(['/', '/sdk.js'])).then(() => skipWaiting())));
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => event.respondWith(caches.match(event.request).then((kept) => kept ?? fetch(event.request))));
`;

const html = `<!doctype html><meta charset="utf-8"><title>client</title><link rel="icon" href="data:,"><script src="/sdk.js"></script>
<script>navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => (document.title = 'ready'));</script>`;

/** The adapters for Automerge and Loro, whose libraries are WebAssembly, here within the script. */
const crdts = `
  import { WeirClient } from './src/index.ts';
  import { AutomergeDocument, AutomergeProvider } from './src/automerge.ts';
  import { LoroProvider } from './src/loro.ts';
  import * as Automerge from '@automerge/automerge';
  import { LoroDoc } from 'loro-crdt';
  globalThis.weir = { WeirClient, AutomergeDocument, AutomergeProvider, Automerge, LoroProvider, LoroDoc };
  globalThis.held = {};
  document.title = 'ready';
`;
/** Of each library the build that has its WebAssembly within the script. */
const withinTheScript = { conditions: ['webpack'], alias: { 'loro-crdt': join(sdk, 'node_modules/loro-crdt/base64/index.js') } };

const crdtsHtml = `<!doctype html><meta charset="utf-8"><title>crdts</title><link rel="icon" href="data:,">
<script type="module" src="/crdts.js"></script>`;

export async function serveSdkPage() {
  return servePages([
    ['/', ['text/html', html]],
    ['/sdk.js', ['text/javascript', await bundle(library)]],
    ['/worker.js', ['text/javascript', await bundle(worker)]],
  ]);
}

/** Its title is `ready` once `weir` is there. */
export async function serveCrdtsPage() {
  return servePages([
    ['/', ['text/html', crdtsHtml]],
    ['/crdts.js', ['text/javascript', await bundle(crdts, { format: 'esm', ...withinTheScript })]],
  ]);
}

/** Each path with its type and content. */
export async function servePages(served) {
  const files = new Map(served);
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url) ?? ['text/plain', null];
    response.writeHead(body === null ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(body ?? 'no such file\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

class Profile {
  static async make() {
    const profile = new Profile();
    profile.folder = await mkdtemp(join(tmpdir(), 'weir-profile-'));
    return profile;
  }

  async open() {
    const executablePath = process.env.WEIR_CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
    this.context = await chromium.launchPersistentContext(this.folder, { executablePath, args: browserFlags });
    this.context.setDefaultTimeout(waitMsMax);
    return this.context;
  }

  async close() {
    await this.context?.close();
    this.context = null;
  }

  async remove() {
    await this.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A profile for the length of a test. */
export async function withProfile(run) {
  const profile = await Profile.make();
  try {
    await run(profile);
  } finally {
    await profile.remove();
  }
}

/** A tab on the page, once the service worker has it. */
export async function openTab(context, origin) {
  const tab = await context.newPage();
  tab.on('pageerror', (error) => console.error(`in the page: ${error.stack}`));
  await tab.goto(origin);
  await tab.waitForFunction(() => document.title === 'ready' && navigator.serviceWorker.controller !== null);
  return tab;
}
