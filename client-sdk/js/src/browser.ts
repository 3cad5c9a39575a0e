// @weir/client/browser: what only browsers have. A store in IndexedDB, in windows and in workers, and one client for all tabs.

export { sharedClient, type SharedClientOptions } from './shared/shared-client.js';
export { deleteStore, openStore, type OpenStoreOptions } from './store/indexeddb.js';
