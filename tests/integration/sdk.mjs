// The TypeScript client as built in this tree, with the yjs that it resolves: two copies of yjs must not share a document.
export { DocumentDeletedError, NotFoundError, WeirClient } from '../../client-sdk/js/dist/index.js';
export { encryption, UnknownKeyError, UnsealedError, verify } from '../../client-sdk/js/dist/encryption.js';
export { openStore } from '../../client-sdk/js/dist/node/index.js';
export { packDecoder } from '../../client-sdk/js/dist/pack.js';
export { snapshotter } from '../../client-sdk/js/dist/snapshotter.js';
export { WeirProvider } from '../../client-sdk/js/dist/yjs.js';
export * as Y from '../../client-sdk/js/node_modules/yjs/dist/yjs.mjs';
export { systemRuntime } from '../../client-sdk/js/dist/runtime.js';
export { AutomergeDocument, AutomergeProvider } from '../../client-sdk/js/dist/automerge.js';
export { LoroProvider } from '../../client-sdk/js/dist/loro.js';
export { Automerge, LoroDoc } from '../../client-sdk/examples/crdts/sdk.mjs';
