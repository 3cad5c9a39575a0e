// The demo editor: reads the document's name from the address, shows the editor at once, and connects behind it.
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type Address, defaultSpace, pathOf, randomName, readAddress, socketOrigin } from './address';
import { setUpAppearance } from './appearance';
import { Connection } from './connection';
import { byId } from './dom';
import { createEditor, type Editor } from './editor';
import { openLocalCopy } from './local-copy';
import { HistoryPanel } from './history/panel';
import { setUpNotice, showInvalidAddress } from './notice';
import { setUpPanels } from './panels';
import { setUpPeople } from './people';
import { setUpStatus, showWordCount } from './status';

function showTitle({ space, document: name }: Address): void {
  byId('space').textContent = space;
  byId('document').textContent = name;
  document.title = `${name} · weir`;
}

function followLoading(connection: Connection, editor: Editor): void {
  let hint = '';
  let editable = true;
  connection.onChange(({ loaded, phase, problem }) => {
    const wanted = loaded ? 'Write something. Whoever has the link sees it as you type.' : phase === 'connecting' ? 'Fetching the text…' : '';
    if (wanted !== hint) editor.setPlaceholder((hint = wanted));
    // Nothing is taken that could not be kept.
    const mayEdit = problem?.kind !== 'deleted' && problem?.kind !== 'denied';
    if (mayEdit !== editable) editor.setEditable((editable = mayEdit));
  });
}

/** Where the browser keeps no copy, closing the page would lose what the relay has not acknowledged: ask first. */
function warnBeforeLosing(connection: Connection): void {
  window.addEventListener('beforeunload', (event) => {
    if (connection.state.pendingCount > 0) event.preventDefault();
  });
}

function setUpHistory(connection: Connection, editor: Editor): void {
  const panel = new HistoryPanel(connection, () => editor.focus());
  for (const button of document.querySelectorAll('[data-history-button]'))
    button.addEventListener('click', () => {
      byId('menu').hidePopover();
      panel.open();
    });
}

function open(address: Address): void {
  showTitle(address);
  const doc = new Y.Doc();
  const text = doc.getText('text');
  const awareness = new Awareness(doc);
  const host = byId('editor');
  host.replaceChildren();
  let counting = 0;
  const countWords = (): void => showWordCount(editor.text);
  const editor = createEditor({
    host,
    text,
    awareness,
    onSaveKey: () => status.flash(),
    onTextChanged: () => {
      clearTimeout(counting);
      counting = window.setTimeout(countWords, 250);
    },
  });
  countWords();
  setUpPeople(awareness);
  setUpPanels(address);
  const connection = new Connection(doc, awareness, socketOrigin(location), address);
  const status = setUpStatus(connection);
  setUpNotice(connection, editor);
  setUpHistory(connection, editor);
  followLoading(connection, editor);
  void openLocalCopy(doc, address).then((kept) => {
    if (!kept) warnBeforeLosing(connection);
    connection.start();
  });
  if (matchMedia('(hover: hover)').matches) editor.focus();
}

setUpAppearance();
const read = readAddress(location);
if (read.kind === 'invalid') {
  byId('document').textContent = 'No such document';
  byId('editor').replaceChildren();
  byId('status').hidden = true;
  for (const part of document.querySelectorAll<HTMLElement>('[data-of-document]')) part.hidden = true;
  showInvalidAddress(read.reason);
} else {
  const address = read.kind === 'found' ? read.address : { space: defaultSpace, document: randomName() };
  if (read.kind === 'none') history.replaceState(null, '', pathOf(address));
  open(address);
}
