// The README's tables of options name each one that there is, and none that is not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const readme = readFileSync('README.md', 'utf8');

/** Names in an interface of a source. */
function optionsOf(file: string, name: string): string[] {
  const source = readFileSync(`src/${file}.ts`, 'utf8');
  const [, body] = new RegExp(`^export interface ${name}\\b.*\\{\\n([^]*?)^\\}`, 'm').exec(source) ?? assert.fail(`${name} in ${file}`);
  return [...body!.matchAll(/^ {2}(\w+)\??:/gm)].map(([, option]) => option!);
}

/** In the first column of the table below a heading. */
function rowsOf(heading: string): string[][] {
  const [, section] = readme.split(`\n### ${heading}`);
  assert.ok(section !== undefined, `the README has no section ${heading}`);
  const table = section.split('\n#')[0]!.split('\n').filter((line) => line.startsWith('|')).slice(2);
  return table.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

const namesIn = (rows: string[][]): string[] => rows.flatMap(([, first]) => [...first!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));

const tables: [string, string[]][] = [
  ['`new WeirClient(', optionsOf('client-options', 'WeirClientOptions')],
  ['`sharedClient(', optionsOf('shared/shared-client', 'SharedClientOptions')],
  ['`client.subscribe(', optionsOf('document', 'SubscribeOptions')],
  ['`new WeirProvider(', optionsOf('yjs', 'WeirProviderOptions')],
  ['`new AutomergeProvider(', [...optionsOf('synced-document', 'SyncedOptions'), ...optionsOf('loro', 'LoroOptions')]],
];
for (const [heading, options] of tables)
  test(`README: ${heading}...) has each option once`, () => {
    assert.ok(options.length > 2);
    assert.deepEqual(namesIn(rowsOf(heading)).sort(), [...options].sort());
  });

test('README: the other options', () => {
  const rows = rowsOf('Others');
  for (const [of, options] of [
    ['`encryption`', optionsOf('encryption', 'EncryptionOptions')],
    ['`client.history`', optionsOf('time-travel', 'HistoryOptions')],
  ] as const)
    assert.deepEqual(namesIn(rows.filter((row) => row[2] === of)).sort(), [...options].sort());
});

test('README: numbers are those of the code', () => {
  const client = readFileSync('src/client.ts', 'utf8');
  const connector = readFileSync('src/connector.ts', 'utf8');
  const said = new Map(rowsOf('`new WeirClient(').map(([, name, , value]) => [name!.replaceAll('`', ''), value!.replaceAll(',', '')]));
  for (const name of ['backoffFirstMs', 'backoffMaxMs']) {
    const value = new RegExp(`${name} = ([\\d_]+)`).exec(connector)?.[1]?.replaceAll('_', '');
    assert.equal(said.get(name), value);
  }
  const factors = /outboxBytesMax \?\? ([\d* ]+)/.exec(client)![1]!.split('*').map(Number);
  assert.match(said.get('outboxBytesMax')!, new RegExp(`^${factors.reduce((a, b) => a * b)} `));
  assert.equal(said.get('clientName'), `\`${/clientName \?\? '([^']+)'/.exec(client)![1]}\``);
});
