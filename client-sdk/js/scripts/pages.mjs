// The pages of weir's docs/ that the README names, and the licence, beside it in the package. What a page links to and is not
// in the package becomes plain text there.
//
//   node scripts/pages.mjs              `npm pack` does, before it packs
//   node scripts/pages.mjs --remove     and after
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const sdk = fileURLToPath(new URL('..', import.meta.url));
const root = path.join(sdk, '../..');
const pages = ['js-sdk.md', 'moving.md', 'errors.md', 'encryption.md', 'protocol.md', 'pack-format.md'];

/** Where a link of a page leads in the package; null: nowhere. */
function targetOf(link) {
  const [file] = link.split('#');
  if (/^https?:/.test(link) || file === '' || pages.includes(file)) return link;
  return file === '../client-sdk/js/README.md' ? link.replace('../client-sdk/js/', '../') : null;
}

await rm(path.join(sdk, 'docs'), { recursive: true, force: true });
await rm(path.join(sdk, 'LICENSE'), { force: true });
if (process.argv[2] !== '--remove') {
  await mkdir(path.join(sdk, 'docs'));
  for (const page of pages) {
    const text = await readFile(path.join(root, 'docs', page), 'utf8');
    const here = text.replace(/\[([^\]]*)\]\(([^)\s]+)\)/g, (whole, words, link) => {
      const target = targetOf(link);
      return target === null ? words : `[${words}](${target})`;
    });
    await writeFile(path.join(sdk, 'docs', page), here);
  }
  await copyFile(path.join(root, 'LICENSE'), path.join(sdk, 'LICENSE'));
}
