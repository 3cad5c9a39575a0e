// What a document needs of its client.

import type { WeirError } from './errors.js';
import type { PackDecoder } from './pack-decoder.js';
import type { Asker } from './questions.js';
import type { Runtime } from './runtime.js';
import type { StoreWriter } from './store/writer.js';
import type { ClientEvent, Subscribe, Welcome } from './wire/events.js';

export interface DocumentLink<Document> {
  readonly runtime: Runtime;
  readonly producer: Uint8Array;
  /** The application chose it, and may have used it before. */
  readonly producerGiven: boolean;
  readonly outboxBytesMax: number;
  /** Null: this client takes no packs. */
  readonly packs: PackDecoder | null;
  /** Null while there is no connection. */
  readonly welcome: Welcome | null;
  /** Null: this client keeps nothing over its end. */
  readonly writer: StoreWriter | null;
  /** What the socket has taken and not sent yet. */
  readonly bufferedBytes: number;
  readonly questions: Asker;
  send(event: ClientEvent): void;
  /** Sends the subscribe under a fresh request number; its answer comes back to this document. */
  request(document: Document, event: Omit<Subscribe, 'request'>): void;
  /** Calls the document's flush() soon. */
  wantFlush(): void;
  /** This producer cannot go on: take another. */
  replaceProducer(cause: WeirError): void;
  /** Connects again, and asks for records only. */
  giveUpPacks(): void;
  fenced(cause: WeirError): void;
  /** The document is over. Answers to what it asked may still be under way: another session must not hear them. */
  forget(document: Document, answersOutstanding: boolean): void;
}
