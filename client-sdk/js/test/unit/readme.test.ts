// The README's tables name each option and each event that there is, and none that is not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import ts from 'typescript';

const root = new URL('../../../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

/** What an interface has of its own. */
function membersOf(file: string, name: string): string[] {
  const text = readFileSync(new URL(`src/${file}`, root), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
  const found = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  assert.ok(found !== undefined && ts.isInterfaceDeclaration(found), `${file} has no ${name}`);
  return found.members.map(({ name: member }) => (member as ts.Identifier | ts.StringLiteral).text);
}

/** The words in backquotes of the first column, in the tables behind a heading. */
function namesUnder(heading: string): string[] {
  const at = readme.indexOf(`\n${heading}\n`);
  assert.ok(at >= 0, heading);
  const section = readme.slice(at + heading.length + 2).split(/\n##+ /)[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...row.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}

const tables: { [heading: string]: [file: string, name: string][] } = {
  '### `new WeirClient(options)`': [['client-options.ts', 'WeirClientOptions']],
  '### `sharedClient(options)`': [['shared/shared-client.ts', 'SharedClientOptions']],
  '### `client.subscribe(document, options)`': [['document.ts', 'SubscribeOptions']],
  '### `new WeirProvider(url, space, document, doc, options)`': [['yjs.ts', 'WeirProviderOptions']],
  '### `new AutomergeProvider(client, document, handle, options)`, `new LoroProvider(client, document, doc, options)`, `new SyncedDocument(client, document, crdt, options)`':
    [['synced-document.ts', 'SyncedOptions'], ['loro.ts', 'LoroOptions']],
  '### Others': [['encryption.ts', 'EncryptionOptions'], ['time-travel.ts', 'HistoryOptions'], ['store/indexeddb.ts', 'OpenStoreOptions']],
  '### Of a client': [['client-options.ts', 'ClientEvents']],
  '### Of a session': [['document.ts', 'DocumentEvents']],
  '### Of a provider': [['yjs.ts', 'WeirProviderEvents'], ['synced-document.ts', 'SyncedEvents']],
};

for (const [heading, interfaces] of Object.entries(tables))
  test(`README, ${heading}`, () => {
    const there = new Set(interfaces.flatMap(([file, name]) => membersOf(file, name)));
    assert.deepEqual([...new Set(namesUnder(heading))].sort(), [...there].sort());
  });
