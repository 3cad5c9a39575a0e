import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Writes licenses.txt: the licence of each package that went into the bundle, as those licences ask for. */
function licences(): Plugin {
  const fonts = ['@fontsource-variable/instrument-sans', '@fontsource-variable/source-serif-4'];
  const folderOf = (module: string): string | undefined =>
    /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module.replace(/^\0/, ''))?.[0];
  const entry = (folder: string): string => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string>;
    const text = ['LICENSE', 'LICENSE.md', 'LICENCE', 'license'].flatMap((file) => {
      try {
        return [readFileSync(join(folder, file), 'utf8').trim()];
      } catch {
        return [];
      }
    })[0];
    return `${name} ${version} (${license})\n\n${text ?? ''}`;
  };
  return {
    name: 'weir-licences',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const used = fonts.map((name) => here(`node_modules/${name}`));
      const folders = new Set([...used, ...modules.flatMap((module) => folderOf(module) ?? [])]);
      const source = [...folders].sort().map(entry).join(`\n\n${'-'.repeat(72)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: `${source}\n` });
    },
  };
}

export default defineConfig({
  plugins: [licences()],
  resolve: {
    // The client's sources, as they are in this repository; its packages are taken from here.
    alias: {
      '@weir/client/yjs': here('../../../client-sdk/js/src/yjs.ts'),
      '@weir/client': here('../../../client-sdk/js/src/index.ts'),
    },
    dedupe: ['yjs', 'lib0', 'y-protocols', '@noble/hashes', '@codemirror/state', '@codemirror/view'],
  },
  build: {
    target: 'es2022',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  server: {
    proxy: { '/v1': { target: 'http://127.0.0.1:8787', ws: true }, '/yjs': { target: 'http://127.0.0.1:8787', ws: true } },
  },
});
