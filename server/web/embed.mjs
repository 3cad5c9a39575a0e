// node embed.mjs <demo folder> <output folder>
// Builds the demo with Vite and writes what the compiler embeds:
//   <output>/embedded.bin   every file, and its gzip form when that is smaller, one after another
//   <output>/embedded.cpp   the table of them; the assembler's .incbin brings the bytes in, so that it compiles at once
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const [demo, output] = process.argv.slice(2);
if (!demo || !output) throw new Error('usage: node embed.mjs <demo folder> <output folder>');

// The npm and the tools that belong to this node come first, whatever PATH says.
const environment = { ...process.env, PATH: dirname(process.execPath) + delimiter + process.env.PATH };
const run = (program, ...args) => execFileSync(program, args, { cwd: demo, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });

/** `npm ci`, unless node_modules was made from this very lock file. The mark is the one ./dev leaves: `sha256sum` of it. */
function installDependencies() {
  const lock = join(demo, 'package-lock.json');
  const mark = join(demo, 'node_modules', '.installed');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (existsSync(mark) && readFileSync(mark, 'utf8').startsWith(hash)) return;
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  writeFileSync(mark, `${hash}  ${relative(root, lock)}\n`);
}

function build() {
  const dist = join(output, 'dist');
  rmSync(dist, { recursive: true, force: true });
  run('npm', 'run', '--silent', 'build', '--', '--logLevel', 'warn', '--outDir', dist, '--emptyOutDir');
  return dist;
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function readAsset(dist, file) {
  const path = '/' + relative(dist, file).split(sep).join('/');
  const contentType = contentTypes[extname(file)];
  if (!contentType) throw new Error(`${path}: add the content type of ${extname(file)} to embed.mjs`);
  const bytes = readFileSync(file);
  const packed = gzipSync(bytes, { level: 9 });
  const gzip = packed.length < bytes.length ? packed : Buffer.alloc(0);
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  return { path, contentType, bytes, gzip, tag, immutable: path.startsWith('/assets/') };
}

function writeTable(assets) {
  let size = 0;
  const place = (bytes) => {
    const view = `bytes(${size}, ${bytes.length})`;
    size += bytes.length;
    return view;
  };
  const rows = assets.map(
    (asset) =>
      `      {${JSON.stringify(asset.path)},\n       {${JSON.stringify(asset.contentType)}, ${place(asset.bytes)}, ${place(asset.gzip)},\n` +
      `        "\\"${asset.tag}\\"", "\\"${asset.tag}-gzip\\"", ${asset.immutable}}},`,
  );
  const binary = join(output, 'embedded.bin');
  writeFileSync(binary, Buffer.concat(assets.flatMap((asset) => [asset.bytes, asset.gzip])));
  writeFileSync(
    join(output, 'embedded.cpp'),
    `// Written by server/web/embed.mjs: the files of the demo editor.
#include <array>
#include <cstddef>

#include "weir/web/table.hpp"

__asm__(
    ".pushsection .rodata\\n"
    ".balign 16\\n"
    ".hidden weir_web_embedded\\n"
    ".globl weir_web_embedded\\n"
    "weir_web_embedded:\\n"
    ".incbin \\"${binary.replaceAll('\\', '\\\\')}\\"\\n"
    ".popsection\\n");
extern "C" __attribute__((visibility("hidden"))) const char weir_web_embedded[];

namespace weir::web {

std::span<const Entry> table() {
  const auto bytes = [](std::size_t from, std::size_t count) { return std::string_view(weir_web_embedded + from, count); };
  static const std::array<Entry, ${assets.length}> entries{{
${rows.join('\n')}
  }};
  return entries;
}

}  // namespace weir::web
`,
  );
}

installDependencies();
const dist = build();
const byPath = (left, right) => (left.path < right.path ? -1 : 1);
writeTable(filesUnder(dist).map((file) => readAsset(dist, file)).sort(byPath));
