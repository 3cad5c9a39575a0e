// Markdown for the editor: the grammar alone, without the HTML, CSS and script languages the ready-made package brings.
import { defineLanguageFacet, HighlightStyle, Language, LanguageSupport, syntaxHighlighting } from '@codemirror/language';
import { EditorSelection, type Extension, type StateCommand } from '@codemirror/state';
import { type KeyBinding, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { GFM, parser } from '@lezer/markdown';

const data = defineLanguageFacet({ commentTokens: { block: { open: '<!--', close: '-->' } } });
const language = new Language(data, parser.configure(GFM), [], 'markdown');

const style = HighlightStyle.define([
  { tag: tags.heading1, fontSize: '1.75em', lineHeight: '1.3', fontWeight: '650', letterSpacing: '-0.015em' },
  { tag: tags.heading2, fontSize: '1.375em', lineHeight: '1.35', fontWeight: '650', letterSpacing: '-0.01em' },
  { tag: tags.heading3, fontSize: '1.15em', fontWeight: '650' },
  { tag: [tags.heading4, tags.heading5, tags.heading6], fontWeight: '650' },
  { tag: tags.strong, fontWeight: '680' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through', color: 'var(--ink-soft)' },
  { tag: tags.link, color: 'var(--accent-ink)' },
  { tag: tags.url, color: 'var(--ink-soft)' },
  { tag: tags.monospace, fontFamily: 'var(--font-mono)', fontSize: '0.86em' },
  { tag: tags.quote, fontStyle: 'italic', color: 'var(--ink-soft)' },
  { tag: tags.atom, color: 'var(--accent-ink)' },
  { tag: tags.contentSeparator, color: 'var(--ink-faint)' },
  { tag: [tags.processingInstruction, tags.labelName, tags.comment], color: 'var(--ink-faint)', fontWeight: '400' },
]);

const listItem = /^(\s*)(?:([-*+])|(\d{1,9})([.)]))(\s+)(\[[ xX]\]\s+)?/;

/** Enter in a list begins the next item; on an empty item it ends the list. */
const continueList: StateCommand = ({ state, dispatch }) => {
  const { main, ranges } = state.selection;
  if (!main.empty || ranges.length > 1) return false;
  const line = state.doc.lineAt(main.head);
  const item = listItem.exec(line.text);
  if (!item || main.head < line.from + item[0].length) return false;
  if (line.text.trim() === item[0].trim()) {
    dispatch(state.update({ changes: { from: line.from, to: line.to }, userEvent: 'input', scrollIntoView: true }));
    return true;
  }
  const [, indent = '', bullet, number, delimiter = '', gap = ' ', box] = item;
  const mark = bullet ?? `${Number(number) + 1}${delimiter}`;
  const insert = `\n${indent}${mark}${gap}${box ? '[ ] ' : ''}`;
  dispatch(
    state.update({
      changes: { from: main.head, insert },
      selection: { anchor: main.head + insert.length },
      userEvent: 'input',
      scrollIntoView: true,
    }),
  );
  return true;
};

/** Puts `mark` around each selection, or takes it away when it is there. */
const toggleMark =
  (mark: string): StateCommand =>
  ({ state, dispatch }) => {
    const size = mark.length;
    const change = state.changeByRange((range) => {
      const before = state.sliceDoc(range.from - size, range.from);
      const after = state.sliceDoc(range.to, range.to + size);
      if (before === mark && after === mark) {
        return {
          changes: [
            { from: range.from - size, to: range.from },
            { from: range.to, to: range.to + size },
          ],
          range: EditorSelection.range(range.anchor - size, range.head - size),
        };
      }
      return {
        changes: [
          { from: range.from, insert: mark },
          { from: range.to, insert: mark },
        ],
        range: EditorSelection.range(range.anchor + size, range.head + size),
      };
    });
    dispatch(state.update(change, { userEvent: 'input', scrollIntoView: true }));
    return true;
  };

const keys: KeyBinding[] = [
  { key: 'Enter', run: continueList },
  { key: 'Mod-b', run: toggleMark('**') },
  { key: 'Mod-i', run: toggleMark('*') },
];

export const markdown = (): Extension => [
  new LanguageSupport(language),
  syntaxHighlighting(style),
  keymap.of(keys),
];
