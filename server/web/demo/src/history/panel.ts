// The history: the document as it was at any point of its life, on a slider, and played back. It is read from the relay page
// by page when it is opened, and from where it was left when it is opened again.
import type { Connection } from '../connection';
import { announce, byId, setIcon } from '../dom';
import { palette } from '../presence';
import { Replay } from './replay';
import { TextView, tintOf } from './text-view';
import { Timeline } from './timeline';

const playbackMs = 24_000;
const stepsPerSecondMin = 12;

const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const count = new Intl.NumberFormat();

export class HistoryPanel {
  readonly #connection: Connection;
  readonly #onClose: () => void;
  readonly #slider = byId<HTMLInputElement>('history-slider');
  readonly #play = byId<HTMLButtonElement>('history-play');
  #view: TextView | null = null;
  #timeline = new Timeline();
  #replay = new Replay();
  /** Read through this offset. */
  #readThrough = 0;
  #reading: AbortController | null = null;
  /** Where the slider stands; at the end it stays there while more is read. */
  #at = 0;
  #playing = 0;
  #frame = 0;

  constructor(connection: Connection, onClose: () => void) {
    this.#connection = connection;
    this.#onClose = onClose;
    this.#slider.addEventListener('input', () => {
      this.#pause();
      this.#go(this.#slider.valueAsNumber);
    });
    this.#play.addEventListener('click', () => (this.#playing === 0 ? this.#start() : this.#pause()));
    byId('history-close').addEventListener('click', () => this.close());
    byId('history').addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
      if (event.key !== ' ' || event.target instanceof HTMLButtonElement) return;
      event.preventDefault();
      this.#play.click();
    });
  }

  open(): void {
    if (!byId('history').hidden) return;
    byId('history').hidden = false;
    byId('editor').inert = true;
    this.#view ??= new TextView(byId('history-text'));
    this.#at = this.#timeline.length;
    this.#render();
    this.#slider.focus();
    this.#reading = new AbortController();
    void this.#read(this.#reading.signal);
  }

  close(): void {
    this.#pause();
    this.#reading?.abort();
    this.#reading = null;
    byId('history').hidden = true;
    byId('editor').inert = false;
    this.#onClose();
  }

  // ---- reading ----

  async #read(signal: AbortSignal): Promise<void> {
    byId('history').dataset['phase'] = 'reading';
    try {
      for await (const { records, offset, cut, head } of this.#connection.history({ after: this.#readThrough, snapshots: false, signal })) {
        if (cut > this.#readThrough) await this.#readBeginning(cut, signal);
        const atEnd = this.#at === this.#timeline.length;
        await this.#replay.add(records.filter((record) => record.offset > this.#readThrough), this.#timeline, signal);
        this.#readThrough = offset;
        if (atEnd && this.#playing === 0) this.#at = this.#timeline.length;
        this.#tell(offset < head ? `Reading, ${Math.floor((100 * offset) / head)}%` : '');
        this.#render();
      }
      this.#show(); // not with the next frame: who is told that all was read is to find it
      byId('history').dataset['phase'] = 'read';
      this.#tell('');
      announce(`${count.format(this.#timeline.length)} steps`);
    } catch (error) {
      if (signal.aborted) return this.#forgetHalf();
      byId('history').dataset['phase'] = 'failed';
      this.#tell(`The history cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Records up to `cut` are no longer kept: what stands for them is the beginning. */
  async #readBeginning(cut: number, signal: AbortSignal): Promise<void> {
    for await (const { snapshots } of this.#connection.history({ asOf: { offset: cut }, signal })) {
      this.#replay = new Replay();
      this.#timeline = new Timeline(this.#replay.begin(snapshots.map(({ bytes }) => bytes)));
      this.#readThrough = Math.max(cut, ...snapshots.map(({ offset }) => offset));
      return;
    }
  }

  /** Closed in the middle of a page: its records would count twice. */
  #forgetHalf(): void {
    if (byId('history').dataset['phase'] === 'read') return;
    this.#timeline = new Timeline();
    this.#replay = new Replay();
    this.#readThrough = 0;
  }

  // ---- playing ----

  #start(): void {
    if (this.#timeline.length === 0) return;
    if (this.#at >= this.#timeline.length) this.#at = 0;
    const stepsPerMs = Math.max(stepsPerSecondMin / 1000, this.#timeline.length / playbackMs);
    const from = this.#at;
    const began = performance.now();
    const advance = (now: number): void => {
      this.#playing = requestAnimationFrame(advance);
      this.#go(Math.min(from + Math.floor((now - began) * stepsPerMs), this.#timeline.length));
      if (this.#at >= this.#timeline.length) this.#pause();
    };
    this.#playing = requestAnimationFrame(advance);
    this.#showPlaying(true);
  }

  #pause(): void {
    cancelAnimationFrame(this.#playing);
    if (this.#playing !== 0) this.#showPlaying(false);
    this.#playing = 0;
  }

  #showPlaying(playing: boolean): void {
    this.#play.setAttribute('aria-label', playing ? 'Pause' : 'Play');
    this.#play.title = playing ? 'Pause' : 'Play';
    setIcon(this.#play.querySelector('svg') as SVGElement, playing ? 'pause' : 'play');
  }

  // ---- showing ----

  #go(at: number): void {
    if (at === this.#at) return;
    this.#at = at;
    this.#render();
  }

  /** Once a frame, however fast the slider is dragged. */
  #render(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
  }

  #show(): void {
    const { length, steps, writers } = this.#timeline;
    const step = steps[this.#at - 1];
    this.#slider.max = String(length);
    this.#slider.valueAsNumber = this.#at;
    const place = `step ${count.format(this.#at)} of ${count.format(length)}`;
    const time = step === undefined ? 'The beginning' : format.format(step.time * 1000);
    this.#slider.setAttribute('aria-valuetext', `${time}, ${place}`);
    byId('history-time').textContent = time;
    byId('history-place').textContent = place;
    this.#view?.show(this.#timeline.at(this.#at));
    this.#showWriters(writers, step?.writer ?? 0);
  }

  /** Whoever wrote, in the order in which they came; the one of this step stands out. */
  #showWriters(writers: readonly string[], current: number): void {
    const list = byId('history-writers');
    for (let writer = 1 + list.childElementCount; writer < Math.min(writers.length, 1 + palette.length); writer++) {
      const item = document.createElement('li');
      item.style.setProperty('--who', palette[tintOf(writer) ?? 0]?.value ?? '');
      item.textContent = this.#nameOf(writers[writer] ?? '') ?? `Writer ${writer}`;
      list.append(item);
    }
    while (list.childElementCount >= Math.max(writers.length, 1)) list.lastElementChild?.remove();
    [...list.children].forEach((item, index) => item.classList.toggle('is-current', index + 1 === current));
  }

  #nameOf(producer: string): string | null {
    return this.#connection.isMine(producer) ? 'You' : this.#connection.nameOf(producer);
  }

  #tell(words: string): void {
    byId('history-progress').textContent = words;
  }
}
