// The CRDTs that there are adapters for, as a test needs them: a list of words that people write together, and the rest of what
// their libraries can do, at random.
import * as Automerge from '@automerge/automerge';
import { LoroDoc, type LoroText } from 'loro-crdt';

import { AutomergeCrdt, AutomergeDocument, AutomergeProvider } from '../../src/automerge.js';
import type { Crdt } from '../../src/crdt.js';
import type { DocumentClient } from '../../src/document-client.js';
import { LoroCrdt, LoroProvider } from '../../src/loro.js';
import { SyncedDocument, type SyncedOptions } from '../../src/synced-document.js';
import { WordSet } from './word-set.js';

/** Of whichever kind. */
type AnyCrdt = Crdt<any>;
export type Below = (count: number) => number;

/** One copy of a document. */
export interface Copy {
  /** A synced document over it. */
  sync(client: DocumentClient, document: string, options?: SyncedOptions): SyncedDocument<AnyCrdt>;
  crdt(): AnyCrdt;
  write(word: string): void;
  /** Whatever the library can do. */
  edit(below: Below): void;
  /** What is to be seen, in a form that two copies can be compared in. */
  seen(): unknown;
  /** All that was written, sorted. */
  words(): string[];
}

export interface Kind {
  name: string;
  copy(): Copy;
}

const words = ['ünder', 'the', 'bridge', '', 'flows', 'x'];

class AutomergeCopy implements Copy {
  readonly document = new AutomergeDocument<{ [word: string]: unknown; text?: string; map?: Record<string, unknown>; n?: Automerge.Counter }>();

  sync(client: DocumentClient, document: string, options?: SyncedOptions): SyncedDocument<AnyCrdt> {
    return new AutomergeProvider(client, document, this.document, options);
  }
  crdt(): AnyCrdt {
    return new AutomergeCrdt(this.document);
  }
  write(word: string): void {
    this.document.change((doc) => {
      doc[`word ${word}`] = true;
    });
  }
  edit(below: Below): void {
    this.document.change((doc) => {
      const kind = below(8);
      const { length } = (doc.text ??= '');
      if (kind <= 2) Automerge.splice(doc, ['text'], below(length + 1), 0, words[below(6)]);
      else if (kind === 3 && length > 3) Automerge.splice(doc, ['text'], below(length - 2), 2);
      else if (kind === 4 && length > 3)
        Automerge.mark(doc, ['text'], { start: 0, end: 1 + below(length - 1), expand: 'both' }, 'bold', below(2) === 0);
      else if (kind === 5) (doc.map ??= {})[`key${below(4)}`] = below(2) === 0 ? { deep: [below(9)] } : new Date(below(9));
      else if (kind === 6 && doc.map !== undefined) delete doc.map[`key${below(4)}`];
      else if (doc.n === undefined) doc.n = new Automerge.Counter();
      else doc.n.increment(below(5));
    });
  }
  seen(): unknown {
    // Loaded anew: after changes that came singly and out of order, Automerge 3.5 may show an older value of a counter.
    const doc = Automerge.load<{ text?: string }>(Automerge.save(this.document.doc()));
    return [Automerge.getHeads(doc).sort(), sortedJson(JSON.parse(JSON.stringify(doc))), doc.text === undefined ? [] : Automerge.marks(doc, ['text'])];
  }
  words(): string[] {
    const names = Object.keys(this.document.doc());
    return names.flatMap((name) => (name.startsWith('word ') ? [name.slice(5)] : [])).sort();
  }
}

class LoroCopy implements Copy {
  readonly doc = new LoroDoc();

  sync(client: DocumentClient, document: string, options?: SyncedOptions): SyncedDocument<AnyCrdt> {
    return new LoroProvider(client, document, this.doc, options);
  }
  crdt(): AnyCrdt {
    return new LoroCrdt(this.doc);
  }
  write(word: string): void {
    this.doc.getList('words').push(word);
    this.doc.commit();
  }
  edit(below: Below): void {
    const [text, map, list] = [this.doc.getText('text'), this.doc.getMap('map'), this.doc.getMovableList('list')];
    const tree = this.doc.getTree('tree');
    const kind = below(12);
    if (kind <= 2) text.insert(below(text.length + 1), words[below(6)]!);
    else if (kind === 3 && text.length > 3) text.delete(below(text.length - 2), 2);
    else if (kind === 4 && text.length > 3) text.mark({ start: 0, end: 1 + below(text.length - 1) }, 'bold', below(2) === 0);
    else if (kind === 5) map.set(`key${below(4)}`, [below(9), { deep: Uint8Array.of(below(9)) }]);
    else if (kind === 6) map.delete(`key${below(4)}`);
    else if (kind === 7) list.insert(below(list.length + 1), below(50));
    else if (kind === 8 && list.length > 2) list.move(below(list.length), below(list.length));
    else if (kind === 9 && list.length > 2 && below(2) === 0) list.set(below(list.length), 'set');
    else if (kind === 9 && list.length > 2) list.delete(below(list.length - 1), 2);
    else if (kind === 10) {
      const roots = tree.roots();
      if (roots.length > 2 && below(2) === 0) roots[2]!.move(roots[below(2)]!);
      else (roots.length > 0 && below(2) === 0 ? roots[below(roots.length)]!.createNode() : tree.createNode()).data.set('n', below(9));
    } else {
      const inner = map.getOrCreateContainer(`text${below(2)}`, new (text.constructor as new () => LoroText)());
      inner.insert(0, 'in');
      if (below(2) === 0) this.doc.getCounter('count').increment(below(5));
    }
    if (below(3) > 0) this.doc.commit();
  }
  seen(): unknown {
    this.doc.commit();
    const { text, ...rest } = this.doc.toJSON() as { text?: string }; // a text that is asked for is there from then on
    return [sorted(this.doc.oplogVersion().toJSON()), sortedJson(rest), this.doc.getText('text').toDelta(), text ?? ''];
  }
  words(): string[] {
    return (this.doc.getList('words').toArray() as string[]).sort();
  }
}

class WordCopy implements Copy {
  readonly set = new WordSet();

  sync(client: DocumentClient, document: string, options?: SyncedOptions): SyncedDocument<AnyCrdt> {
    return new SyncedDocument(client, document, this.set, options);
  }
  crdt(): AnyCrdt {
    return this.set;
  }
  write(word: string): void {
    this.set.add(word);
  }
  edit(below: Below): void {
    this.set.add(`word ${below(1000)}`);
  }
  seen(): unknown {
    return this.words();
  }
  words(): string[] {
    return this.set.words();
  }
}

function sorted(map: Map<string, unknown>): unknown {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function sortedJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(sortedJson);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [key, sortedJson(one)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export const kinds: Kind[] = [
  { name: 'Automerge', copy: () => new AutomergeCopy() },
  { name: 'Loro', copy: () => new LoroCopy() },
  { name: 'a set of words', copy: () => new WordCopy() },
];
