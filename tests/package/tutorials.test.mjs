// The tutorials of docs/ do what they say: each program in them is compiled as a reader would, against the installed client,
// and each console session is typed into a shell while a real relay runs, and must print what the page shows.
//
// In a page, a block of C++, C or Python with a first line that names a file, and `main` or a statement in it, is a program;
// other blocks of C++ are fragments, compiled inside of a function that has what they mention (fragments.hpp). A block
// `console` has commands behind "$ " and their output, whose lines may come in any order: two threads write them.
// WEIR_BUILD names the build to install from, WEIR_CXX and WEIR_CC the compilers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startRelay } from '../integration/relay.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const { WEIR_BUILD: build = path.join(root, 'build/release'), WEIR_CXX: cxx = 'g++', WEIR_CC: cc = 'gcc' } = process.env;

let folder;
let environment;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'weir-tutorials-'));
  const prefix = path.join(folder, 'installed');
  await run('cmake', ['--install', build, '--component', 'sdk', '--prefix', prefix]);
  const { stdout } = await run('find', [prefix, '-name', 'weir.pc']);
  const packages = path.dirname(stdout.trim());
  environment = { ...process.env, PKG_CONFIG_PATH: packages, LD_LIBRARY_PATH: path.dirname(packages) };
});
after(() => rm(folder, { recursive: true, force: true }));

async function blocks(page) {
  const text = await readFile(path.join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
}

async function flags(name) {
  const { stdout } = await run('pkg-config', ['--cflags', '--libs', name], { env: environment });
  return stdout.trim().split(/\s+/);
}

/** Compiles the page's program where the page's commands then find it. */
async function compile(where, { language, code }) {
  const source = path.join(where, `tutorial.${language}`);
  await writeFile(source, code);
  const warnings = ['-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror'];
  const [compiler, options, name] =
    language === 'c' ? [cc, ['-std=c99', '-pedantic'], 'weir-c'] : [cxx, ['-std=c++20'], 'weir'];
  await run(compiler, [...options, ...warnings, source, '-o', path.join(where, 'tutorial'), ...(await flags(name))]);
}

/** Commands with what they must print. */
function* sessions(code) {
  for (const part of code.split(/^\$ /m).slice(1)) {
    const [command, ...output] = part.trimEnd().split('\n');
    yield { command, output };
  }
}

async function follow(page, language) {
  const where = await mkdtemp(path.join(folder, 'page-'));
  const all = await blocks(page);
  const program = all.find((block) => block.language === language && block.code.includes('int main('));
  const relay = await startRelay();
  try {
    const here = (code) => code.replaceAll('127.0.0.1:8788', `127.0.0.1:${relay.grpc}`);
    await compile(where, { language, code: here(program.code) });
    let typed = 0;
    for (const block of all) {
      if (block.language === 'python') await writeFile(path.join(where, 'tutorial.py'), here(block.code));
      if (block.language !== 'console') continue;
      for (const { command, output } of sessions(block.code)) {
        const { stdout } = await run('sh', ['-c', command], { cwd: where, env: environment });
        const printed = stdout.trimEnd().split('\n');
        assert.deepEqual(printed.sort(), output.sort(), `what "${command}" prints, and what docs/${page} says`);
        typed += 1;
      }
    }
    assert.ok(typed > 0, `docs/${page} shows no console session`);
  } finally {
    await relay.end();
  }
}

test('docs/cpp-sdk.md: its program prints what it shows', () => follow('cpp-sdk.md', 'cpp'));

test('docs/c-sdk.md: its programs print what it shows', () => follow('c-sdk.md', 'c'));

/** A fragment that waits is a coroutine. */
const answer = (body) => (/co_await|co_return/.test(body) ? 'Job' : 'void');

test('docs/cpp-sdk.md: its fragments compile', async () => {
  const where = await mkdtemp(path.join(folder, 'fragments-'));
  await copyFile(path.join(root, 'tests/package/fragments.hpp'), path.join(where, 'fragments.hpp'));
  const fragments = (await blocks('cpp-sdk.md')).filter(({ language, code }) => language === 'cpp' && !code.includes('int main('));
  assert.ok(fragments.length >= 4);
  const functions = fragments.map(({ code }, i) => {
    const [includes, body] = [/^#include.*$/gm, /^(?!#include).*$/gm].map((lines) => (code.match(lines) ?? []).join('\n'));
    const inside = body.replaceAll('{ ... }', '{}'); // what the page leaves to the reader
    const type = `Fragment${i}`;
    return `${includes}
namespace weir::client {
struct ${type} : Fragment { ${answer(body)} run(); };
${answer(body)} ${type}::run() {
#line 1 "fragment ${i + 1} of docs/cpp-sdk.md"
${inside}
}
}`;
  });
  const source = path.join(where, 'fragments.cpp');
  await writeFile(source, `#include "fragments.hpp"\n${functions.join('\n')}`);
  await run(cxx, ['-std=c++20', '-fsyntax-only', '-Wall', '-Wno-unused', source, ...(await flags('weir'))]);
});
