// The page: the map of notes on one side, the relay's document on the other.
//
//   /?relay=ws://127.0.0.1:8787&space=demo&document=notes      each of them may be left out
import { WeirClient } from '@weir/client';

import { NotesMap } from './notes-map.js';

const asked = new URLSearchParams(location.search);
const relay = asked.get('relay') ?? `ws://${location.hostname}:8787`;
const place = { space: asked.get('space') ?? 'demo', document: asked.get('document') ?? 'notes' };

const map = new NotesMap();
// Somebody sits in front of it: it tries often.
const client = new WeirClient({ url: relay, space: place.space, clientName: 'weir-notes-page', backoffMaxMs: 2000 });
const shared = client.subscribe(place.document, { state: () => map.deltas() });

const element = (id) => document.getElementById(id);
element('place').textContent = `${place.space} / ${place.document}`;

let phase = 'connecting';
client.on('status', (status) => {
  phase = status;
  showStatus();
});
client.on('error', complain);
shared.on('error', complain);
shared.on('caught-up', showStatus);
shared.on('stored', showStatus);
shared.on('records', (records) => {
  for (const { payload, codec } of records) if (payload !== null && codec === 0) map.apply(payload);
  showNotes();
});

/** Here at once; on the relay as soon as it can be reached. */
function write(name, text) {
  try {
    const delta = map.write(name, text);
    shared.publish(delta).then(showStatus, complain);
    map.apply(delta);
  } catch (error) {
    complain(error);
  }
  showNotes();
  showStatus();
}

function complain(error) {
  element('complaint').textContent = error.message;
  showStatus();
}

function showStatus() {
  const waiting = shared.pendingCount;
  const status = element('status');
  status.dataset.phase = phase;
  status.dataset.waiting = waiting;
  const here = waiting === 0 ? 'all saved' : `${waiting} to save`;
  status.textContent = phase === 'connected' ? `Connected, ${here}` : `No connection, ${here}`;
  if (phase === 'connected') element('complaint').textContent = '';
}

function showNotes() {
  const all = map.all();
  element('empty').hidden = all.length > 0;
  element('notes').replaceChildren(
    ...all.map(([name, text]) => {
      const row = element('row').content.cloneNode(true).firstElementChild;
      row.querySelector('.name').textContent = name;
      row.querySelector('.text').textContent = text;
      row.querySelector('.open').addEventListener('click', () => edit(name, text));
      const remove = row.querySelector('.remove');
      remove.setAttribute('aria-label', `Remove ${name}`);
      remove.addEventListener('click', () => write(name, null));
      return row;
    }),
  );
}

function edit(name, text) {
  element('name').value = name;
  element('text').value = text;
  element('text').focus();
}

element('form').addEventListener('submit', (event) => {
  event.preventDefault();
  write(element('name').value.trim(), element('text').value);
  element('form').reset();
  element('name').focus();
});

showNotes();
showStatus();
