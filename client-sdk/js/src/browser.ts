// @weir/client/browser: what only browsers have. A store in IndexedDB, in windows and in workers.

export { deleteStore, openStore, type OpenStoreOptions } from './store/indexeddb.js';
