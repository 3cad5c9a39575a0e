// What the client costs a page: the core with what browsers add, and the Yjs provider on top of it, bundled, minified,
// gzipped. Fails when one of the first two is larger than promised.
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const coreBytesMax = 25 * 1024;
const browserBytesMax = 30 * 1024;

/** Of one entry, or of several together. */
async function gzippedBytes(...entries) {
  const { outputFiles } = await build({
    stdin: { contents: entries.map((entry) => `export * from './${entry}';`).join('\n'), resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: ['yjs', 'y-protocols/*', 'lib0', 'lib0/*', '@automerge/*', 'loro-crdt'],
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const core = await gzippedBytes('src/index.ts');
const browser = await gzippedBytes('src/index.ts', 'src/browser.ts');
console.log(`@weir/client      ${core} bytes gzipped, at most ${coreBytesMax}`);
console.log(`        + browser ${browser} bytes gzipped, at most ${browserBytesMax}`);
console.log(`@weir/client/pack ${await gzippedBytes('src/pack.ts')} bytes gzipped`);
console.log(`@weir/client/encryption ${await gzippedBytes('src/encryption.ts')} bytes gzipped`);
console.log(`@weir/client/snapshotter ${await gzippedBytes('src/snapshotter.ts')} bytes gzipped`);
console.log(`@weir/client/yjs  ${await gzippedBytes('src/yjs.ts')} bytes gzipped, without yjs, y-protocols and lib0`);
console.log(`@weir/client/crdt ${await gzippedBytes('src/synced-document.ts')} bytes gzipped`);
console.log(`@weir/client/automerge ${await gzippedBytes('src/automerge.ts')} bytes gzipped, without Automerge`);
console.log(`@weir/client/loro ${await gzippedBytes('src/loro.ts')} bytes gzipped, without Loro`);
if (core > coreBytesMax || browser > browserBytesMax) process.exitCode = 1;
