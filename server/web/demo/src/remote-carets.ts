// Where the others are: their selections beneath the text, their carets with a name above it.
// Drawn as CodeMirror layers, styled through the object model only: no style attribute, so a strict policy holds, and no
// value from the network reaches a style sheet unchecked. Cursors travel as y-codemirror.next sends them.
import { Annotation, EditorSelection, type Extension, type SelectionRange } from '@codemirror/state';
import { type EditorView, type LayerMarker, layer, RectangleMarker, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type Person, readPerson, textOn } from './presence';

const presenceChanged = Annotation.define<boolean>();

interface RemoteRange {
  person: Person;
  range: SelectionRange;
}

/** The index a relative position from the network stands for now; null when it is malformed or not in this text. */
function indexOf(text: Y.Text, position: unknown): number | null {
  if (!text.doc || typeof position !== 'object' || position === null) return null;
  try {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), text.doc);
    return found && found.type === text ? found.index : null;
  } catch {
    return null;
  }
}

function remoteRanges(view: EditorView, text: Y.Text, awareness: Awareness): RemoteRange[] {
  const ranges: RemoteRange[] = [];
  for (const [clientId, state] of awareness.getStates()) {
    if (clientId === awareness.clientID) continue;
    const cursor: unknown = state['cursor'];
    if (typeof cursor !== 'object' || cursor === null) continue;
    const anchor = indexOf(text, 'anchor' in cursor ? cursor.anchor : null);
    const head = indexOf(text, 'head' in cursor ? cursor.head : null);
    if (anchor === null || head === null) continue;
    const end = view.state.doc.length;
    ranges.push({
      person: readPerson(clientId, state, false),
      range: EditorSelection.range(Math.min(anchor, end), Math.min(head, end)),
    });
  }
  return ranges;
}

class SelectionMarker implements LayerMarker {
  constructor(
    readonly box: RectangleMarker,
    readonly person: Person,
  ) {}
  eq(other: SelectionMarker): boolean {
    return this.box.eq(other.box) && this.person.colour === other.person.colour;
  }
  draw(): HTMLElement {
    const element = this.box.draw();
    element.style.setProperty('--who', this.person.colour);
    return element;
  }
}

class CaretMarker implements LayerMarker {
  constructor(
    readonly box: RectangleMarker,
    readonly person: Person,
    readonly spaceRight: number,
  ) {}
  eq(other: CaretMarker): boolean {
    return this.box.eq(other.box) && this.isSamePerson(other);
  }
  draw(): HTMLElement {
    const element = this.box.draw();
    element.style.setProperty('--who', this.person.colour);
    element.style.setProperty('--on-who', textOn(this.person.colour));
    const label = document.createElement('span');
    label.className = 'remote-name';
    label.textContent = this.person.name;
    element.append(label);
    this.place(element);
    return element;
  }
  update(element: HTMLElement, previous: CaretMarker): boolean {
    if (!this.isSamePerson(previous)) return false;
    this.box.update(element, previous.box);
    this.place(element);
    // A fresh label starts its fade again: it shows while its owner moves.
    const label = element.firstElementChild;
    label?.replaceWith(label.cloneNode(true));
    return true;
  }
  private isSamePerson(other: CaretMarker): boolean {
    const { clientId, name, colour } = this.person;
    return clientId === other.person.clientId && name === other.person.name && colour === other.person.colour;
  }
  private place(element: HTMLElement): void {
    element.classList.toggle('is-at-top', this.box.top < 22);
    element.classList.toggle('is-at-end', this.spaceRight < 140);
  }
}

/** Tells the others where I am. My place stays marked while I look at another window. */
const announceCursor = (text: Y.Text, awareness: Awareness): Extension =>
  ViewPlugin.define(() => ({
    update(update: ViewUpdate) {
      if (!update.selectionSet && !update.docChanged && !update.focusChanged) return;
      const known: unknown = awareness.getLocalState()?.['cursor'];
      if (!update.view.hasFocus && !known) return;
      const { anchor, head } = update.state.selection.main;
      const cursor = {
        anchor: Y.createRelativePositionFromTypeIndex(text, anchor),
        head: Y.createRelativePositionFromTypeIndex(text, head),
      };
      if (JSON.stringify(cursor) !== JSON.stringify(known)) awareness.setLocalStateField('cursor', cursor);
    },
  }));

/** Draws once a frame, however many people move. */
const redrawOnPresence = (awareness: Awareness): Extension =>
  ViewPlugin.define((view) => {
    let frame = 0;
    const redraw = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        view.dispatch({ annotations: presenceChanged.of(true) });
      });
    };
    awareness.on('change', redraw);
    return {
      destroy() {
        cancelAnimationFrame(frame);
        awareness.off('change', redraw);
      },
    };
  });

const mustRedraw = (update: ViewUpdate): boolean =>
  update.docChanged ||
  update.geometryChanged ||
  update.viewportChanged ||
  update.transactions.some((transaction) => transaction.annotation(presenceChanged));

export function remoteCarets(text: Y.Text, awareness: Awareness): Extension {
  const selections = layer({
    above: false,
    class: 'remote-selections',
    update: mustRedraw,
    markers: (view) =>
      remoteRanges(view, text, awareness)
        .filter(({ range }) => !range.empty)
        .flatMap(({ person, range }) =>
          RectangleMarker.forRange(view, 'remote-selection', range).map((box) => new SelectionMarker(box, person)),
        ),
  });
  const carets = layer({
    above: true,
    class: 'remote-carets',
    update: mustRedraw,
    markers: (view) =>
      remoteRanges(view, text, awareness).flatMap(({ person, range }) =>
        RectangleMarker.forRange(view, 'remote-caret', EditorSelection.cursor(range.head)).map(
          (box) => new CaretMarker(box, person, view.scrollDOM.clientWidth - box.left),
        ),
      ),
  });
  return [announceCursor(text, awareness), redrawOnPresence(awareness), selections, carets];
}
