// What the relay promises, seen from the page: people write together, go offline, come back, and lose nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Person } from './people.mjs';
import { setStage } from './stage.mjs';

const { relay, browser } = await setStage();

async function pair(document) {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  const grace = await Person.arrive(browser, relay, 'Grace Wells');
  await ada.open(document);
  await grace.open(document);
  return { ada, grace, leave: () => Promise.all([ada.leave(), grace.leave()]) };
}

/** Both show the same text; returns it. */
async function untilSame(one, other, ...parts) {
  await Promise.all([one.untilReads(...parts), other.untilReads(...parts)]);
  await Promise.all([one.untilSaved(), other.untilSaved()]);
  const text = await one.text();
  assert.equal(await other.text(), text);
  return text;
}

test('two people write, and see each other and each other’s cursors', async () => {
  const { ada, grace, leave } = await pair('together');
  await ada.type('Ada begins. ');
  await grace.untilReads('Ada begins.');
  await grace.type('Grace goes on.');
  assert.equal(await untilSame(ada, grace, 'Ada begins.', 'Grace goes on.'), 'Ada begins. Grace goes on.');

  await ada.page.locator('.remote-caret', { hasText: 'Grace Wells' }).waitFor();
  await grace.page.locator('.remote-caret', { hasText: 'Ada Brook' }).waitFor();
  await ada.page.getByRole('button', { name: 'Here: you, Grace Wells' }).waitFor();

  await grace.page.keyboard.press('Control+a');
  await ada.page.locator('.remote-selection').first().waitFor();

  await grace.leave();
  await ada.page.locator('.remote-caret').waitFor({ state: 'detached' });
  await ada.page.getByRole('button', { name: 'Only you are here' }).waitFor();
  assert.deepEqual([...ada.complaints, ...grace.complaints], []);
  await leave();
});

test('a changed name and colour reach the others', async () => {
  const { ada, grace, leave } = await pair('names');
  await ada.type('x');
  await ada.page.locator('#people-button').click();
  await ada.page.getByRole('textbox', { name: 'Your name' }).fill('Ada Lovelace');
  await ada.page.getByRole('radio', { name: 'Magenta' }).check({ force: true });
  const caret = grace.page.locator('.remote-caret', { hasText: 'Ada Lovelace' });
  await caret.waitFor();
  await grace.page.waitForFunction(() => {
    const caretOf = document.querySelector('#editor').shadowRoot.querySelector('.remote-caret');
    return caretOf?.style.getPropertyValue('--who') === '#b02f78';
  });
  await ada.page.reload();
  await grace.page.getByRole('button', { name: 'Here: you, Ada Lovelace' }).waitFor();
  await leave();
});

test('two windows of one browser share a name, and one takes another colour', async () => {
  const ada = await Person.arrive(browser, relay, 'Ada Brook');
  await ada.open('windows');
  const second = await ada.context.newPage();
  await second.goto(ada.page.url());
  const twoColours = () => {
    const avatars = [...document.querySelectorAll('#avatars .avatar')];
    return new Set(avatars.map((one) => one.style.getPropertyValue('--who'))).size === 2;
  };
  for (const page of [ada.page, second]) {
    await page.waitForFunction(twoColours);
    await page.getByRole('button', { name: 'Here: you, Ada Brook' }).waitFor();
  }
  await ada.leave();
});

test('offline by the switch: edits wait on both sides, and both converge afterwards', async () => {
  const { ada, grace, leave } = await pair('offline');
  await ada.type('Shared. ');
  await grace.untilReads('Shared.');

  await grace.switchOffline();
  await grace.untilPhase('offline');
  await ada.page.getByRole('button', { name: 'Only you are here' }).waitFor();
  await grace.type('Written offline. ');
  await grace.status.getByText(/^Offline, \d+ edits waiting$/).waitFor();
  await ada.type('Written meanwhile. ');
  await ada.untilSaved();
  assert.equal((await ada.text()).includes('Written offline'), false);
  assert.equal((await grace.text()).includes('Written meanwhile'), false);

  await grace.switchOffline();
  await untilSame(ada, grace, 'Shared. ', 'Written offline. ', 'Written meanwhile. ');
  await grace.status.getByText('Saved on the relay').waitFor();
  await leave();
});

test('edits made offline outlive the tab', async () => {
  const { ada, grace, leave } = await pair('outlive');
  await grace.switchOffline();
  await grace.type('Kept in this browser. ');
  await grace.page.waitForFunction(async () => {
    const name = 'weir:demo/outlive';
    const open = indexedDB.open(name);
    const db = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)));
    const all = db.transaction('updates').objectStore('updates').count();
    const count = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)));
    db.close();
    return count >= 'Kept in this browser. '.length;
  });
  await grace.page.reload();
  await untilSame(ada, grace, 'Kept in this browser. ');
  await leave();
});

test('the saved mark follows the durable acknowledgement', async () => {
  const { ada, leave } = await pair('saved');
  await ada.type('First. ');
  await ada.untilSaved();
  relay.freeze();
  try {
    await ada.type('Not yet on disk.');
    await ada.status.getByText('Saving…').waitFor();
    assert.notEqual(await ada.status.getAttribute('data-pending'), '0');
    assert.equal(await ada.status.getAttribute('data-saved'), 'false');
  } finally {
    relay.thaw();
  }
  await ada.untilSaved();
  await ada.status.getByText('Saved on the relay').waitFor();
  await leave();
});

test('the relay is killed and started again: nothing is gone', async () => {
  const { ada, grace, leave } = await pair('killed');
  await ada.type('Before the crash. ');
  await untilSame(ada, grace, 'Before the crash.');

  await relay.crash();
  await Promise.all([ada.status.getByText(/^Reconnecting/).waitFor(), grace.status.getByText(/^Reconnecting/).waitFor()]);
  await ada.type('Ada, while it was away. ');
  await grace.type('Grace, while it was away. ');
  await ada.page.getByText('The relay does not answer. Keep writing').waitFor();
  await relay.restart();
  const text = await untilSame(ada, grace, 'Before the crash.', 'Ada, while it was away. ', 'Grace, while it was away. ');
  await ada.page.locator('#notice').waitFor({ state: 'hidden' });

  // What was acknowledged survives a second crash without anybody there who could send it again.
  await leave();
  await relay.crash();
  await relay.restart();
  const newcomer = await Person.arrive(browser, relay, 'Linus Park');
  await newcomer.open('killed');
  await newcomer.untilReads('Before the crash.');
  assert.equal(await newcomer.text(), text);
  await newcomer.leave();
});

test('a reload shows the document, and so does a browser that never saw it', async () => {
  const { ada, leave } = await pair('a folder/naïve plan');
  await ada.type('# Plan\n\nWater flows.');
  await ada.untilSaved();
  await ada.page.reload();
  await ada.untilReads('# Plan', 'Water flows.');
  const newcomer = await Person.arrive(browser, relay, 'Linus Park');
  await newcomer.open('a folder/naïve plan');
  await newcomer.untilReads('# Plan', 'Water flows.');
  await newcomer.leave();
  await leave();
});
