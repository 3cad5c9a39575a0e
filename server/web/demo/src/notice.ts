// The strip below the header: what is wrong, and what to do about it. Hidden when nothing is.
import type { Connection, ConnectionState, Problem } from './connection';
import { button, byId, copyText } from './dom';
import type { Editor } from './editor';

interface Notice {
  kind: 'warn' | 'bad';
  words: string;
  actions: HTMLElement[];
}

function show(notice: Notice | null): void {
  const strip = byId('notice');
  strip.hidden = notice === null;
  if (!notice) return strip.replaceChildren();
  const words = document.createElement('p');
  words.textContent = notice.words;
  strip.dataset['kind'] = notice.kind;
  strip.replaceChildren(words, ...notice.actions);
}

function newDocument(): HTMLAnchorElement {
  const link = document.createElement('a');
  link.className = 'button';
  link.href = '/';
  link.textContent = 'New document';
  return link;
}

function copyAll(editor: Editor): HTMLButtonElement {
  const element = button('Copy the text', async () => {
    element.textContent = (await copyText(editor.text)) ? 'Copied' : 'Select the text and copy it';
  });
  return element;
}

function problemNotice(problem: Problem, connection: Connection, editor: Editor): Notice {
  switch (problem.kind) {
    case 'deleted':
      return {
        kind: 'bad',
        words: 'This document was deleted, and the relay takes no more edits for it. What you see is still on this page: copy it if you need it.',
        actions: [copyAll(editor), newDocument()],
      };
    case 'fenced':
      return {
        kind: 'warn',
        words: 'Another window took over this one’s connection, so this one has stopped. Go on there, or take it back.',
        actions: [button('Go on here', () => connection.retry())],
      };
    case 'denied':
      return {
        kind: 'bad',
        words: `The relay does not let you in: ${problem.message} Ask whoever runs it for access, or copy what you wrote.`,
        actions: [copyAll(editor), button('Try again', () => connection.retry())],
      };
    case 'refused':
      return {
        kind: 'bad',
        words: `${problem.message} Copy the text to be safe, then try again.`,
        actions: [copyAll(editor), button('Try again', () => connection.retry())],
      };
  }
}

function noticeFor(state: ConnectionState, connection: Connection, editor: Editor): Notice | null {
  if (state.problem) return problemNotice(state.problem, connection, editor);
  if (state.phase !== 'away') return null;
  return {
    kind: 'warn',
    words: state.loaded
      ? 'The relay does not answer. Keep writing: your edits wait here and go out when it is back.'
      : 'The relay does not answer, so its text is not here yet. You can begin to write; both are merged when it is back.',
    actions: [button('Try now', () => connection.retry())],
  };
}

export function setUpNotice(connection: Connection, editor: Editor): void {
  let shown = '';
  connection.onChange((state) => {
    const key = state.problem?.kind ?? `${state.phase === 'away'}${state.loaded}`;
    if (key === shown) return;
    shown = key;
    show(noticeFor(state, connection, editor));
  });
}

/** For an address that names no document. */
export function showInvalidAddress(reason: string): void {
  show({ kind: 'bad', words: `${reason} Check the link, or begin a new document.`, actions: [newDocument()] });
}
