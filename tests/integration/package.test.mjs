// @weir/client as npm packs it: without a complaint, complete, and good for an empty folder.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sdk = path.join(root, 'client-sdk/js');
const modules = path.join(sdk, 'node_modules');
const peers = { automerge: ['@automerge/automerge'], loro: ['loro-crdt'], yjs: ['yjs', 'y-protocols', 'lib0'] };

let folder;
let app;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-package-'));
  app = path.join(folder, 'app');
});
after(() => rm(folder, { recursive: true, force: true }));

/** What it printed; there must be no warning in it. */
async function run(cwd, program, ...words) {
  const { stdout, stderr } = await promisify(execFile)(program, words, { cwd });
  assert.doesNotMatch(stdout + stderr, /\bwarn(ing)?\b/i, `${program} ${words.join(' ')}`);
  return stdout;
}

test('it is packed and installed without a warning', async () => {
  // A copy: other tests use what is built in the tree.
  const copy = path.join(folder, 'tree/client-sdk/js');
  const notBuilt = (file) => !['dist', 'node_modules', 'docs', 'LICENSE'].includes(path.relative(sdk, file));
  await cp(sdk, copy, { recursive: true, filter: notBuilt });
  await cp(path.join(root, 'docs'), path.join(folder, 'tree/docs'), { recursive: true });
  await cp(path.join(root, 'LICENSE'), path.join(folder, 'tree/LICENSE'));
  await symlink(modules, path.join(copy, 'node_modules'));
  await run(copy, 'npm', 'pack', '--pack-destination', folder);
  assert.ok(!(await readdir(copy)).includes('docs'), 'nothing that was made for it is left');

  // What it depends on comes from the tree, not from a registry.
  await mkdir(app);
  const dependencies = Object.fromEntries(['@noble/hashes', 'fzstd'].map((name) => [name, `file:${path.join(modules, name)}`]));
  await writeFile(path.join(app, 'package.json'), JSON.stringify({ name: 'app', type: 'module', private: true, dependencies }));
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await run(app, 'npm', 'install', '--offline', '--no-fund', '--no-audit', path.join(folder, tarball));
});

test('each entry point can be imported, those for a CRDT where its library is', async () => {
  const { name, exports } = JSON.parse(await readFile(path.join(sdk, 'package.json'), 'utf8'));
  const imported = (entry) => run(app, process.execPath, '-e', `import('${entry}').then((all) => console.log(Object.keys(all).length))`);
  for (const subpath of Object.keys(exports)) {
    const entry = path.posix.join(name, subpath);
    for (const library of peers[path.basename(subpath)] ?? []) {
      const link = path.join(app, 'node_modules', library);
      await mkdir(path.dirname(link), { recursive: true });
      await symlink(path.join(modules, library), link);
    }
    assert.ok(Number(await imported(entry)) > 0, entry);
  }
});

test('its types hold in a program that is checked strictly', async () => {
  await writeFile(
    path.join(app, 'app.ts'),
    `import { UnknownKeyError, WeirClient, type WeirClientOptions } from '@weir/client';
     import { openStore, sharedClient } from '@weir/client/browser';
     import { encryption } from '@weir/client/encryption';
     import { openStore as openFolder } from '@weir/client/node';
     import { readPack } from '@weir/client/pack';
     import { snapshotter } from '@weir/client/snapshotter';
     import { WeirProvider, type WeirProviderOptions } from '@weir/client/yjs';
     import * as Y from 'yjs';
     const options: WeirClientOptions = { url: 'ws://127.0.0.1:1', connect: false, store: await openFolder('here') };
     const plan = new WeirClient(options).subscribe('plan', { encryption: encryption({ id: 1, key: new Uint8Array(32) }) });
     plan.on('error', (error) => console.log(error instanceof UnknownKeyError, error.code));
     const how: WeirProviderOptions = { client: sharedClient({ url: '', store: 'here' }) };
     export const provider = new WeirProvider('', 'space', 'plan', new Y.Doc(), how);
     export const rest: unknown[] = [openStore, readPack, snapshotter, (await plan.publish(new Uint8Array(1))).offset.toFixed()];`,
  );
  const words = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', 'app.ts'];
  await run(app, process.execPath, path.join(modules, 'typescript/bin/tsc'), ...words);
});

test('its README and the pages beside it link to nothing that is not there', async () => {
  const installed = path.join(app, 'node_modules/@weir/client');
  const pages = ['README.md', ...(await readdir(path.join(installed, 'docs'))).map((name) => `docs/${name}`)];
  const readme = await readFile(path.join(installed, 'README.md'), 'utf8');
  for (const [, named] of readme.matchAll(/`(docs\/[\w-]+\.md)`/g)) assert.ok(pages.includes(named), `the README names ${named}`);
  for (const page of pages) {
    const text = await readFile(path.join(installed, page), 'utf8');
    for (const [, link] of text.matchAll(/\]\(([^)\s#]+)(?:#[^)\s]*)?\)/g))
      if (!/^https?:/.test(link)) await stat(path.join(installed, path.dirname(page), link));
  }
  await stat(path.join(installed, 'LICENSE'));
});
