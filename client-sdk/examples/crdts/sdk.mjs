// The client as it was built in this tree, with the libraries beside it. In an application of yours it is
//
//   import { WeirClient } from '@weir/client';            import { AutomergeProvider } from '@weir/client/automerge';
//   import { openStore } from '@weir/client/node';        import * as Automerge from '@automerge/automerge';    and so on
//
// and npm sees to it that there is one copy of each: two copies of Automerge or Loro do not take each other's documents.
import { createRequire } from 'node:module';

const js = new URL('../../js/', import.meta.url);
const { import: automerge } = createRequire(import.meta.url)('../../js/node_modules/@automerge/automerge/package.json').exports['.'].node;

export const Automerge = await import(new URL(`node_modules/@automerge/automerge/${automerge}`, js));
export const { LoroDoc } = createRequire(new URL('package.json', js))('loro-crdt');
export { WeirClient } from '../../js/dist/index.js';
export { openStore } from '../../js/dist/node/index.js';
export { AutomergeDocument, AutomergeProvider } from '../../js/dist/automerge.js';
export { LoroProvider } from '../../js/dist/loro.js';
export { SyncedDocument } from '../../js/dist/synced-document.js';
export { WebSocket } from '../../js/node_modules/ws/wrapper.mjs';
