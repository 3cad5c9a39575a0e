// @weir/client/browser: what only browsers have. A store in IndexedDB, in windows and in workers.

export { deleteStore, openStore } from './store/indexeddb.js';
