// What the client costs a page: the core with what browsers add, and the Yjs provider on top of it, bundled, minified,
// gzipped. Fails when one of the first two is larger than promised.
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const coreBytesMax = 25 * 1024;
const browserBytesMax = 28 * 1024;

/** Of one entry, or of several together. */
async function gzippedBytes(...entries) {
  const { outputFiles } = await build({
    stdin: { contents: entries.map((entry) => `export * from './${entry}';`).join('\n'), resolveDir: '.', loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: ['yjs', 'y-protocols/*', 'lib0', 'lib0/*'],
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
if (core > coreBytesMax || browser > browserBytesMax) process.exitCode = 1;
