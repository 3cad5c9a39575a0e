// One document, two transports: the notes page in Chromium over WebSocket, the C++ program `notes` (WEIR_NOTES) over gRPC.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import WebSocket from 'ws';

import { NotesMap } from '../../client-sdk/examples/notes/notes-map.js';
import { serve } from '../../client-sdk/examples/notes/serve.mjs';
import { WeirClient } from '../../client-sdk/js/dist/index.js';
import { waitMsMax } from './people.mjs';
import { setStage } from './stage.mjs';

const served = await serve();
const { page, relay, browser } = await setStage({ page: { origin: served.origin, close: () => served.server.close() } });

const place = (document) => ['--relay', `127.0.0.1:${relay.grpcPort}`, '--space', 'notes', '--document', document];

/** Runs `notes` once; its output. */
async function notes(document, ...command) {
  const { stdout } = await promisify(execFile)(process.env.WEIR_NOTES, [...place(document), ...command]);
  return stdout;
}

/** `notes` without a command: it stays, and is written to. */
class Terminal {
  #output = '';
  constructor(document) {
    this.process = spawn(process.env.WEIR_NOTES, place(document), { stdio: ['pipe', 'pipe', 'ignore'] });
    this.process.stdout.on('data', (bytes) => (this.#output += bytes));
  }
  say(line) {
    this.process.stdin.write(`${line}\n`);
  }
  async list() {
    this.#output = '';
    this.say('ls');
    await until('the terminal lists', () => /^\(\d+ notes?\)$/m.test(this.#output));
    return this.#output.slice(0, this.#output.indexOf('(')).split('\n').filter((line) => / is gone$/.test(line) === false && line !== '');
  }
  /** Says no more, and waits until everything is stored. */
  async leave() {
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    assert.deepEqual(await ended, [0, null]);
  }
}

async function until(what, holds) {
  const deadline = Date.now() + waitMsMax;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await pause(20);
  }
}

class Tab {
  static async open(document) {
    const tab = new Tab();
    tab.complaints = [];
    tab.page = await browser.newPage({ viewport: { width: 900, height: 620 } });
    tab.page.setDefaultTimeout(waitMsMax);
    tab.page.on('pageerror', (error) => tab.complaints.push(String(error)));
    await tab.page.goto(`${page.origin}/?relay=ws://127.0.0.1:${relay.port}&space=notes&document=${document}`);
    await tab.untilSaved();
    return tab;
  }
  async write(name, text) {
    await this.page.fill('#name', name);
    await this.page.fill('#text', text);
    await this.page.getByRole('button', { name: 'Save' }).click();
  }
  remove(name) {
    return this.page.getByRole('button', { name: `Remove ${name}`, exact: true }).click();
  }
  list() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('#notes li')].map((row) => `${row.querySelector('.name').textContent}: ${row.querySelector('.text').textContent}`),
    );
  }
  untilSaved() {
    return this.page.locator('#status[data-phase="connected"][data-waiting="0"]').waitFor();
  }
  untilAway() {
    return this.page.locator('#status:not([data-phase="connected"])').waitFor();
  }
}

test('a tab and a terminal write to the same notes while the relay is killed, and end with the same', async () => {
  const tab = await Tab.open('both');
  const terminal = new Terminal('both');
  const writes = async (round) => {
    for (let i = 0; i < 5; ++i) {
      terminal.say(`set terminal-${round}-${i} written in a terminal`);
      terminal.say(`set shared terminal ${round} ${i}`);
      await tab.write(`tab-${round}-${i}`, 'written in a tab');
      await tab.write('shared', `tab ${round} ${i}`);
    }
    terminal.say(`rm terminal-${round}-0`);
    await tab.remove(`tab-${round}-0`);
  };
  for (let round = 0; round < 3; ++round) {
    await writes(`${round}-there`);
    await relay.crash();
    await tab.untilAway();
    await writes(`${round}-away`);
    const back = relay.restart();
    await writes(`${round}-back`);
    await back;
  }
  await tab.untilSaved();
  await until('both show the same', async () => JSON.stringify(await tab.list()) === JSON.stringify(await terminal.list()));
  const all = await terminal.list();
  await terminal.leave();
  assert.equal(all.length, 3 * 3 * 2 * 4 + 1);
  for (let round = 0; round < 3; ++round)
    for (const when of ['there', 'away', 'back'])
      for (const who of ['terminal', 'tab'])
        assert.deepEqual(
          all.filter((line) => line.startsWith(`${who}-${round}-${when}-`)),
          [1, 2, 3, 4].map((i) => `${who}-${round}-${when}-${i}: written in a ${who}`),
        );
  assert.match(all.find((line) => line.startsWith('shared:')), /^shared: (tab|terminal) 2-back 4$/);
  assert.deepEqual((await notes('both', 'ls')).split('\n').slice(0, -2), all, 'and so has a newcomer');
  assert.deepEqual(tab.complaints, []);
  await tab.page.close();
});

test('single commands: set, ls, rm, and a tab sees each', async () => {
  await notes('single', 'set', 'milk', '2 litres');
  await notes('single', 'set', 'Ümlaut ☂', 'with "quotes", <b>no markup</b>');
  const tab = await Tab.open('single');
  await tab.page.locator('#notes').getByText('2 litres').waitFor();
  await until('the tab lists both', async () => (await tab.list()).length === 2);
  assert.deepEqual(await tab.list(), ['milk: 2 litres', 'Ümlaut ☂: with "quotes", <b>no markup</b>']);
  assert.equal(await notes('single', 'ls'), `${(await tab.list()).join('\n')}\n(2 notes)\n`);
  await tab.write('bread', 'rye, and something for Sunday');
  await tab.untilSaved();
  if (process.env.WEIR_SCREENSHOTS) await tab.page.screenshot({ path: `${process.env.WEIR_SCREENSHOTS}/notes.png` });
  await notes('single', 'rm', 'milk');
  await until('it is gone in the tab', async () => !(await tab.list()).includes('milk: 2 litres'));
  await tab.page.close();
});

/** A small generator with a seed, so that a failure can be repeated. */
function randoms(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('both languages make the same map of whatever bytes there are', async () => {
  const random = randoms(Number(process.env.WEIR_SEED ?? 17));
  const client = new WeirClient({ url: `ws://127.0.0.1:${relay.port}`, space: 'notes', webSocket: WebSocket });
  const document = client.subscribe('strange');
  const peers = [new NotesMap(), new NotesMap()];
  const map = new NotesMap();
  const stored = [];
  const names = ['a', 'ä', '€', '𝄞', '\ufeffbom'];
  for (let i = 0; i < 3000; ++i) {
    const peer = peers[random(2)];
    const delta = peer.write(names[random(names.length)], random(5) === 0 ? null : `t${'é€𝄞'.slice(0, random(5))}${i}`);
    if (random(3) === 0) peer.apply(delta);
    for (let changes = random(3); changes > 0; --changes) delta[random(2) ? random(delta.length) : 25 + random(delta.length - 25)] = random(256);
    const published = random(10) === 0 ? delta.slice(0, random(delta.length + 1)) : delta;
    map.apply(published);
    stored.push(document.publish(published));
  }
  await Promise.all(stored);
  client.close();
  const shown = (text) => text.replace(/[\0-\x1f\x7f]/g, '?');
  const all = map.all();
  assert.ok(all.length > names.length, 'some of the strange ones are deltas too');
  assert.equal(await notes('strange', 'ls'), [...all.map(([name, text]) => shown(`${name}: ${text}`)), `(${all.length} notes)`, ''].join('\n'));
});
