// The text as it was, read-only, with a tint for each writer. CodeMirror as in the editor, so that a long document is drawn
// only where it is looked at.
import { EditorState, type Extension, StateEffect, StateField, Text } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { editorTheme } from '../editor-theme';
import { markdown } from '../markdown';
import { palette } from '../presence';
import { type Moment, writerOf } from './timeline';

const setWho = StateEffect.define<Text>();

const who = StateField.define<Text>({
  create: () => Text.empty,
  update: (value, { effects }) => effects.reduce((last, effect) => (effect.is(setWho) ? effect.value : last), value),
});

const tints = palette.map((_, index) => Decoration.mark({ class: `writer writer-${index}` }));

/** Of a writer's number; what was there before the first step has none. */
export const tintOf = (writer: number): number | null => (writer === 0 ? null : (writer - 1) % palette.length);

const tintTheme = EditorView.theme({
  '.writer': { borderRadius: '2px', background: 'color-mix(in srgb, var(--who) 18%, transparent)' },
  ...Object.fromEntries(
    palette.map(({ value }, index) => [
      `.writer-${index}`,
      { '--who': `light-dark(${value}, color-mix(in oklab, ${value}, white 35%))` },
    ]),
  ),
});

/** Runs of characters by one writer, in the parts that are in view. */
function tintsIn(view: EditorView): DecorationSet {
  const names = view.state.field(who);
  const ranges = [];
  for (const { from, to } of view.visibleRanges) {
    const signs = names.sliceString(from, Math.min(to, names.length));
    for (let start = 0; start < signs.length; ) {
      let end = start + 1;
      while (end < signs.length && signs[end] === signs[start]) end++;
      const tint = signs[start] === '\n' ? null : tintOf(writerOf(signs[start] as string));
      const mark = tint === null ? undefined : tints[tint];
      if (mark !== undefined) ranges.push(mark.range(from + start, from + end));
      start = end;
    }
  }
  return Decoration.set(ranges);
}

const tinting: Extension = ViewPlugin.define(
  (view) => ({
    tints: tintsIn(view),
    update(update: ViewUpdate) {
      if (update.docChanged || update.viewportChanged || update.transactions.length > 0) this.tints = tintsIn(update.view);
    },
  }),
  { decorations: ({ tints: decorations }) => decorations },
);

export class TextView {
  readonly #view: EditorView;

  constructor(host: HTMLElement) {
    const root = host.attachShadow({ mode: 'open' });
    const shown = [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping];
    const about = EditorView.contentAttributes.of({ 'aria-label': 'The text as it was', tabindex: '0' });
    const extensions = [EditorState.lineSeparator.of('\n'), ...shown, about, who, tinting, markdown(), editorTheme, tintTheme];
    this.#view = new EditorView({ parent: root, root, state: EditorState.create({ extensions }) });
  }

  /** Only what differs is changed, and brought into view. */
  show({ text, who: signs }: Moment): void {
    const { doc } = this.#view.state;
    const change = difference(doc.toString(), text.toString());
    this.#view.dispatch({
      ...(change === null ? {} : { changes: change }),
      effects: [
        setWho.of(signs),
        ...(change === null ? [] : [EditorView.scrollIntoView(change.from + change.insert.length, { y: 'nearest', yMargin: 80 })]),
      ],
    });
  }
}

function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before.charCodeAt(from) === after.charCodeAt(from)) from++;
  let end = 0;
  while (end < shorter - from && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) end++;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
