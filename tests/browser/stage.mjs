// What a suite stands on: a page that it serves, a relay that lets that page in, a browser. All of it is taken away when the suite
// has ended.
//
//   const { page, relay, browser } = await setStage({ page: serveSdkPage() });
import { after } from 'node:test';

import { openBrowser } from './people.mjs';
import { Relay } from './relay.mjs';

/**
 * `page` has an origin and close(), or is a promise of one; without it, pages are the relay's own. `browser: false`: the tests open
 * profiles of their own.
 */
export async function setStage({ page = null, browser = true } = {}) {
  const stage = {};
  const clear = async () => {
    await stage.browser?.close();
    await stage.relay?.stop();
    await stage.page?.close();
  };
  try {
    stage.page = await page;
    stage.relay = await Relay.start(stage.page === null ? {} : { 'access.origins': stage.page.origin });
    if (browser) stage.browser = await openBrowser();
  } catch (cause) {
    await clear(); // no test runs, and so no hook
    throw cause;
  }
  after(clear);
  return stage;
}
