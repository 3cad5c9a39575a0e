// Which document this page shows, and the addresses that lead to it.
//
//   /                          a new document with a random readable name
//   /?doc=<name>               a document of the space `demo`
//   /d/<space>/<name>          any document; the name may hold slashes; percent-decoded once

export interface Address {
  space: string;
  document: string;
}

export type ReadAddress = { kind: 'found'; address: Address } | { kind: 'none' } | { kind: 'invalid'; reason: string };

export const defaultSpace = 'demo';

const spaceBytesMax = 255;
const documentBytesMax = 1024;
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

function complaint(what: string, name: string, bytesMax: number): string | null {
  if (name === '') return `The ${what}’s name is empty.`;
  if (controlCharacter.test(name)) return `The ${what}’s name holds a control character.`;
  if (new TextEncoder().encode(name).length > bytesMax) return `The ${what}’s name is longer than ${bytesMax} bytes.`;
  return null;
}

function checked(space: string, document: string): ReadAddress {
  const reason = complaint('space', space, spaceBytesMax) ?? complaint('document', document, documentBytesMax);
  return reason === null ? { kind: 'found', address: { space, document } } : { kind: 'invalid', reason };
}

export function readAddress(location: { pathname: string; search: string }): ReadAddress {
  const inPath = /^\/d\/([^/]*)(?:\/(.*))?$/s.exec(location.pathname);
  if (inPath) {
    try {
      return checked(decodeURIComponent(inPath[1] ?? ''), decodeURIComponent(inPath[2] ?? ''));
    } catch {
      return { kind: 'invalid', reason: 'The address holds a % that is not followed by two hexadecimal digits of UTF-8.' };
    }
  }
  const named = new URLSearchParams(location.search).get('doc');
  return named === null ? { kind: 'none' } : checked(defaultSpace, named);
}

const encodePath = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

/** The path that opens `address` on this relay. */
export function pathOf({ space, document }: Address): string {
  // Browsers fold "." and ".." out of a path, however they are encoded: such names travel as a parameter.
  const folds = document.split('/').some((part) => part === '.' || part === '..');
  if (folds && space === defaultSpace) return `/?doc=${encodeURIComponent(document)}`;
  return `/d/${encodeURIComponent(space)}/${encodePath(document)}`;
}

/** Where WebSocket clients find this relay: `ws://host` or `wss://host`. */
export const socketOrigin = (location: { protocol: string; host: string }): string =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;

/** Two lines that open this very document from any Yjs program. */
export function yjsSnippet(origin: string, { space, document }: Address): string {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  return (
    `import { WebsocketProvider } from 'y-websocket'\n` +
    `new WebsocketProvider(${quoted(`${origin}/yjs/${encodeURIComponent(space)}`)}, ${quoted(encodePath(document))}, doc)`
  );
}

const adjectives =
  'amber brisk calm clear cool deep early easy fair fleet fresh gentle glad golden green hidden keen late light little lively long mellow misty mossy new quick quiet rapid round silver slow small soft still sunny swift tidal upper warm wide willow winding young'.split(
    ' ',
  );
const nouns =
  'alder bank basin bay beck brook canal cascade channel cove creek crest current delta eddy egret ferry ford heron inlet kingfisher lagoon lake lock marsh meadow mill minnow mouth otter pebble pond pool rapids reed ripple river shallows shore sluice spring stream swan tarn tide trout wader willow'.split(
    ' ',
  );

function randomBelow(limit: number): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % limit;
}
const pick = (words: readonly string[]): string => words[randomBelow(words.length)] ?? 'river';

/** `quiet-heron-4812`: easy to read aloud, and unlikely to be somebody else's. */
export const randomName = (): string => `${pick(adjectives)}-${pick(nouns)}-${1000 + randomBelow(9000)}`;

/** `Quiet Heron`: what somebody is called until they say otherwise. */
export function randomPersonName(): string {
  const title = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  return `${title(pick(adjectives))} ${title(pick(['Egret', 'Heron', 'Kingfisher', 'Minnow', 'Otter', 'Swan', 'Trout', 'Wader']))}`;
}
