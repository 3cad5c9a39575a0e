// What the client costs a page: the core with what browsers add, and the Yjs provider on top of it, bundled, minified,
// gzipped. Fails when the core is larger than promised.
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const coreBytesMax = 25 * 1024;

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

const core = await gzippedBytes('src/index.ts', 'src/browser.ts');
console.log(`@weir/client      ${await gzippedBytes('src/index.ts')} bytes gzipped; with /browser ${core}, at most ${coreBytesMax}`);
console.log(`@weir/client/pack ${await gzippedBytes('src/pack.ts')} bytes gzipped`);
console.log(`@weir/client/yjs  ${await gzippedBytes('src/yjs.ts')} bytes gzipped, without yjs, y-protocols and lib0`);
if (core > coreBytesMax) process.exitCode = 1;
