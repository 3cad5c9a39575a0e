// Real people in a real Chromium: each has a profile of their own and one tab on the demo editor.
//
//   const browser = await openBrowser();
//   const ada = await Person.arrive(browser, relay, 'Ada Brook');
//   await ada.open('plan'); await ada.type('hello'); await ada.untilSaved();
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

export const waitMsMax = 30_000;

export const browserFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function openBrowser() {
  const executablePath = process.env.WEIR_CHROMIUM ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  return chromium.launch({
    executablePath,
    args: browserFlags,
  });
}

export class Person {
  /** What the browser complained about: scripts' errors, refused policies. */
  complaints = [];
  /** Every address that was asked for. */
  requests = [];

  static async arrive(browser, relay, name, options = {}) {
    const person = new Person();
    person.name = name;
    person.relay = relay;
    person.context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
    person.context.setDefaultTimeout(waitMsMax);
    await person.context.addInitScript((mine) => {
      if (location.protocol.startsWith('http') && !localStorage.getItem('weir.name')) localStorage.setItem('weir.name', mine);
    }, name);
    person.page = await person.context.newPage();
    person.page.on('pageerror', (error) => person.complaints.push(String(error)));
    person.page.on('console', (message) => {
      // A relay that is away is part of some tests, and Chromium reports each failed attempt.
      if (message.type() === 'error' && !/WebSocket connection|ERR_CONNECTION/.test(message.text())) person.complaints.push(message.text());
    });
    person.page.on('request', (request) => person.requests.push(request.url()));
    return person;
  }

  async open(document, space = 'demo') {
    await this.page.goto(`${this.relay.origin}/d/${encodeURIComponent(space)}/${document.split('/').map(encodeURIComponent).join('/')}`);
    await this.untilSaved();
  }

  get editor() {
    return this.page.locator('#editor .cm-content');
  }
  get status() {
    return this.page.locator('#status');
  }

  text() {
    return this.editor.evaluate((content) => [...content.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));
  }

  /** Types at the end of the document, key by key. */
  async type(words) {
    await this.editor.click();
    await this.page.keyboard.press('Control+End');
    await this.page.keyboard.type(words);
  }

  async untilSaved() {
    await this.page.locator('#status[data-phase="connected"][data-saved="true"][data-pending="0"]').waitFor();
  }
  async untilPhase(phase) {
    await this.page.locator(`#status[data-phase="${phase}"]`).waitFor();
  }
  /** Until the text holds all of `parts`. */
  async untilReads(...parts) {
    await this.page.waitForFunction(
      (wanted) => {
        const text = document.querySelector('#editor')?.shadowRoot?.querySelector('.cm-content')?.textContent ?? '';
        return wanted.every((part) => text.includes(part));
      },
      parts,
    );
  }

  switchOffline() {
    return this.page.getByRole('switch', { name: 'Work offline' }).click();
  }

  leave() {
    return this.context.close();
  }
}
