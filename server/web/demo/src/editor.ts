// The editor: CodeMirror bound to a Y.Text. It lives in a shadow root, where CodeMirror adopts its style sheets instead of
// writing <style> elements, so that the page's policy needs no exception for inline styles.
import { defaultKeymap } from '@codemirror/commands';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, dropCursor, EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { editorTheme } from './editor-theme';
import { markdown } from './markdown';
import { remoteCarets } from './remote-carets';

export interface Editor {
  focus(): void;
  setEditable(editable: boolean): void;
  setPlaceholder(text: string): void;
  readonly text: string;
}

export interface EditorOptions {
  host: HTMLElement;
  text: Y.Text;
  awareness: Awareness;
  onSaveKey(): void;
  onTextChanged(): void;
}

const editable = (yes: boolean) => [EditorState.readOnly.of(!yes), EditorView.editable.of(yes)];

export function createEditor({ host, text, awareness, onSaveKey, onTextChanged }: EditorOptions): Editor {
  const root = host.attachShadow({ mode: 'open', delegatesFocus: true });
  const editability = new Compartment();
  const hint = new Compartment();
  const undoManager = new Y.UndoManager(text, { captureTimeout: 400 });
  const saveKey = { key: 'Mod-s', run: () => (onSaveKey(), true) };
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: text.toString(),
      extensions: [
        // One separator, or a pasted "\r\n" would count differently here and in the shared text.
        EditorState.lineSeparator.of('\n'),
        EditorView.clipboardInputFilter.of((pasted) => pasted.replace(/\r\n?/g, '\n')),
        editability.of(editable(true)),
        hint.of([]),
        drawSelection(),
        dropCursor(),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          'aria-label': 'Document text',
          'aria-multiline': 'true',
          spellcheck: 'true',
          autocapitalize: 'sentences',
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onTextChanged();
        }),
        search({ top: true }),
        markdown(),
        keymap.of([saveKey, ...yUndoManagerKeymap, ...searchKeymap, ...defaultKeymap]),
        yCollab(text, null, { undoManager }),
        remoteCarets(text, awareness),
        editorTheme,
      ],
    }),
  });
  return {
    focus: () => view.focus(),
    setEditable: (yes) => view.dispatch({ effects: editability.reconfigure(editable(yes)) }),
    setPlaceholder: (words) => view.dispatch({ effects: hint.reconfigure(placeholder(words)) }),
    get text() {
      return view.state.doc.toString();
    },
  };
}
