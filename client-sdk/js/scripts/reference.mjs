// The reference of every entry point, made from the code by TypeDoc: a page for each module under the name that it is imported by.
//
//   node scripts/reference.mjs [FOLDER]      fails on any warning; by default it is only checked that there is none
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Application, Comment, Converter } from 'typedoc';

const root = fileURLToPath(new URL('..', import.meta.url));
const { name, exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** What each is imported as, by its source. */
const entries = new Map(
  Object.entries(exports).map(([subpath, { types }]) => [
    types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'src/$1.ts'),
    path.posix.join(name, subpath),
  ]),
);

/** Seams between entry points: an application passes on what holds them, and calls none. */
const seams = ['DocumentGuard', 'DocumentLink', 'ErrorEvent', 'GuardOwner', 'Guarding', 'Opened', 'SnapshotHeader', 'SnapshotOwner', 'SnapshotWork', 'Tabs'];

const app = await Application.bootstrap({
  name,
  entryPoints: [...entries.keys()].map((source) => path.join(root, source)),
  tsconfig: path.join(root, 'tsconfig.reference.json'),
  readme: path.join(root, 'README.md'),
  sort: ['source-order'],
  sortEntryPoints: false,
  intentionallyNotExported: seams,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  githubPages: false,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: false },
});
app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
  for (const module of project.children ?? []) {
    const source = [...entries.keys()].find((one) => [`src/${module.name}.ts`, `src/${module.name}/index.ts`].includes(one));
    module.comment = new Comment([{ kind: 'text', text: opening(source) }]);
    module.name = entries.get(source);
  }
});

/** The comment at the top of a source; what is set off in it is code. */
function opening(source) {
  const [comment] = /^(\/\/.*\n)+/.exec(readFileSync(path.join(root, source), 'utf8')) ?? [''];
  const text = comment.replace(/^\/\/ ?/gm, '');
  return text.replace(/((?:^ {2}.*\n)+)/gm, (code) => `\`\`\`ts\n${code.replace(/^ {2}/gm, '')}\`\`\`\n`);
}

const project = await app.convert();
if (project === undefined) process.exit(1);
app.validate(project);
const folder = process.argv[2];
if (folder !== undefined && !app.logger.hasWarnings() && !app.logger.hasErrors()) await app.generateDocs(project, path.resolve(folder));
if (app.logger.hasWarnings() || app.logger.hasErrors()) process.exit(1);
console.log(folder === undefined ? 'no warnings' : `${folder}/index.html`);
