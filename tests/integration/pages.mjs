// Pages of docs/ as a reader follows them: a block of JavaScript or HTML whose first line names a file is put into that file; a block
// `console` has commands behind "$ " and what they print.
//
//   const page = await openPage('js-sdk.md', (text) => text.replaceAll('127.0.0.1:8787', ...));
//   await page.follow();                all of it, in order
//   await page.close();
//
// The client is there as npm would install it, and its peers are those of this folder, so that there is one copy of each.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sdk = path.join(root, 'client-sdk/js');
const fileName = /^(?:\/\/|<!--) (\S+\.(?:mjs|js|html))/;

async function install(folder) {
  const modules = path.join(folder, 'node_modules');
  const own = path.join(modules, '@weir/client');
  await mkdir(own, { recursive: true });
  await cp(path.join(sdk, 'dist'), path.join(own, 'dist'), { recursive: true, filter: (file) => !file.startsWith(path.join(sdk, 'dist/test')) });
  await cp(path.join(sdk, 'package.json'), path.join(own, 'package.json'));
  for (const name of ['@noble', 'fzstd']) await symlink(path.join(sdk, 'node_modules', name), path.join(modules, name));
  const peers = fileURLToPath(new URL('node_modules', import.meta.url));
  for (const name of ['@automerge', '@hocuspocus', 'lib0', 'ws', 'y-leveldb', 'y-protocols', 'y-websocket', 'yjs']) await symlink(path.join(peers, name), path.join(modules, name));
}

export async function openPage(name, here) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'weir-page-'));
  await install(folder);
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  const text = await readFile(path.join(root, 'docs', name), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
  return new Page(name, folder, blocks, here);
}

class Page {
  constructor(name, folder, blocks, here) {
    Object.assign(this, { name, folder, blocks, here });
  }

  /** Writes its files; gives their names. */
  async write() {
    const names = [];
    for (const { language, code } of this.blocks) {
      const file = fileName.exec(code)?.[1];
      if (file === undefined || !['js', 'html'].includes(language)) continue;
      const text = language === 'html' ? code.replace(/^.*\n/, '') : code;
      await writeFile(path.join(this.folder, file), this.here(text));
      names.push(file);
    }
    return names;
  }

  /** Types what it says; how many commands that were. */
  async follow() {
    await this.write();
    let typed = 0;
    for (const { language, code } of this.blocks) {
      if (language !== 'console') continue;
      for (const part of code.split(/^\$ /m).slice(1)) {
        const [command, ...output] = part.trimEnd().split('\n');
        assert.equal((await this.run(command)).trimEnd(), output.join('\n'), `what "${command}" prints, and what docs/${this.name} says`);
        typed++;
      }
    }
    return typed;
  }

  async run(command) {
    // Node 20 has no WebSocket unless it is asked for; the page says so.
    const options = globalThis.WebSocket === undefined ? '--experimental-websocket' : '';
    const env = { ...process.env, NODE_OPTIONS: options };
    const { stdout } = await promisify(execFile)('sh', ['-c', this.here(command)], { cwd: this.folder, env });
    return stdout;
  }

  close() {
    return rm(this.folder, { recursive: true, force: true });
  }
}
