// The history of a document in the demo editor: on a slider, played back, with the keyboard and on a phone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Person } from './people.mjs';
import { setStage } from './stage.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const { relay, browser } = await setStage();

/** The history panel of somebody's page. */
class History {
  constructor(person) {
    this.page = person.page;
    this.slider = this.page.getByRole('slider', { name: 'Point in the document’s life' });
  }

  async open() {
    await this.page.getByRole('button', { name: 'History' }).click();
    await this.page.locator('#history[data-phase="read"]').waitFor();
    return this;
  }

  /** How many steps it has. */
  async length() {
    return Number(await this.slider.getAttribute('max'));
  }

  /** Moves the slider, as a drag does. */
  async go(step) {
    await this.slider.fill(String(step));
    await this.untilAt(step);
  }

  /** The text is drawn one frame after the slider moved, together with what is said of it. */
  async untilAt(step) {
    const place = new RegExp(`, step ${step} of `);
    await this.page.waitForFunction(
      (pattern) => new RegExp(pattern).test(document.querySelector('#history-slider').getAttribute('aria-valuetext')),
      place.source,
    );
  }

  text() {
    return this.page
      .locator('#history-text .cm-content')
      .evaluate((content) => [...content.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));
  }

  /** The names beside the slider. */
  writers() {
    return this.page.locator('#history-writers li').allTextContents();
  }

  /** What is tinted, and in which tint. */
  tints() {
    return this.page
      .locator('#history-text .writer')
      .evaluateAll((marks) => marks.map((mark) => [mark.textContent, [...mark.classList].find((name) => name.startsWith('writer-'))]));
  }
}

/** Ada writes, Ben adds, Ada takes some of it away. */
async function written(document) {
  const [ada, ben] = [await Person.arrive(browser, relay, 'Ada Brook'), await Person.arrive(browser, relay, 'Ben Ford')];
  await ada.open(document);
  await ben.open(document);
  await ada.type('Ada was here. ');
  await ada.untilSaved();
  await ben.untilReads('Ada was here. ');
  await ben.type('Ben too!');
  await ben.untilSaved();
  await ada.untilReads('Ben too!');
  await ada.page.keyboard.press('Control+End');
  for (let i = 0; i < 5; i++) await ada.page.keyboard.press('Backspace');
  await ada.untilSaved();
  return { ada, ben };
}

test('the slider goes through the life of a document, and tells who wrote what', async () => {
  const { ada, ben } = await written('a life');
  const history = await new History(ada).open();
  const length = await history.length();
  assert.ok(length >= 3);
  assert.equal(await history.text(), 'Ada was here. Ben');
  assert.deepEqual(await history.writers(), ['You', 'Ben Ford']);
  assert.deepEqual(await history.tints(), [
    ['Ada was here. ', 'writer-0'],
    ['Ben', 'writer-1'],
  ]);
  await history.go(0);
  assert.equal(await history.text(), '');
  let longest = '';
  for (let step = 1; step <= length; step++) {
    await history.go(step);
    const text = await history.text();
    assert.ok('Ada was here. Ben too!'.startsWith(text), text);
    if (text.length > longest.length) longest = text;
  }
  assert.equal(longest, 'Ada was here. Ben too!');
  assert.equal(await history.text(), 'Ada was here. Ben');
  assert.deepEqual(ada.complaints, []);
  await ada.leave();
  await ben.leave();
});

test('it is played back, stops at the end, and the keyboard does everything', async () => {
  const { ada, ben } = await written('played');
  const history = await new History(ada).open();
  const length = await history.length();
  await history.slider.press('Home');
  await history.untilAt(0);
  await history.slider.press('ArrowRight');
  await history.untilAt(1);
  await history.slider.press('Space');
  await history.untilAt(length);
  await ada.page.getByRole('button', { name: 'Play' }).waitFor();
  assert.equal(await history.text(), 'Ada was here. Ben');
  await history.slider.press('Escape');
  await history.slider.waitFor({ state: 'hidden' });
  await ada.page.keyboard.type(' Still here.');
  await ada.untilSaved();
  await ben.untilReads('Still here.');
  await history.open();
  assert.equal(await history.text(), await ada.text());
  assert.ok((await history.length()) > length);
  await ada.leave();
  await ben.leave();
});

test('what is written while it is open goes on, and is there the next time', async () => {
  const { ada, ben } = await written('meanwhile');
  const history = await new History(ada).open();
  await ben.type('jamin');
  await ben.untilSaved();
  await ada.untilReads('Benjamin');
  assert.equal(await history.text(), 'Ada was here. Ben');
  await ada.page.getByRole('button', { name: 'Back to now' }).click();
  await history.open();
  assert.equal(await history.text(), 'Ada was here. Benjamin');
  await ada.leave();
  await ben.leave();
});

for (const [what, options] of Object.entries({
  'by day': { colorScheme: 'light' },
  'by night': { colorScheme: 'dark' },
  'on a phone': { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true },
}))
  test(`everybody can use it, ${what}`, async () => {
    const ada = await Person.arrive(browser, relay, 'Ada Brook', options);
    await ada.open(`accessible ${what}`);
    await ada.type('# A heading\n\nand some words');
    await ada.untilSaved();
    if (options.isMobile) await ada.page.getByRole('button', { name: 'Menu' }).click();
    const history = await new History(ada).open();
    assert.equal(await history.text(), await ada.text());
    const width = await ada.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width[0] <= width[1], `${width}`);
    await ada.page.evaluate(axe);
    const { violations } = await ada.page.evaluate(() => axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
    assert.deepEqual(ada.complaints, []);
    await ada.leave();
  });
