// @weir/client/node: what only Node has. A store on disk.

export { openStore } from './store.js';
