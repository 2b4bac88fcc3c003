/** The event log: only the lines that are seen are drawn, however many there are. */
import { computed, signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { clockOf, milliseconds } from './figures.ts';
import { fittedBeside, type Ruler, rulerOf } from './fit.ts';
import { Chevron } from './icons.tsx';
import { type LifeStory, stateWord, stepsOf } from './life.ts';
import { type Line, Lines, mostSteps } from './lines.ts';
import { leads, type Row } from './row.ts';
import { heartbeatsIn, type Run } from './runs.ts';
import { cursor, look, moment, news, pinned, shown } from './store.ts';
import { toneOf } from './tone.ts';

export const search = signal('');
/** Only what led somewhere. */
export const onlyTransitions = signal(false);

const lines = new Lines();
/** Grows where a run is unfolded, or folded again. */
const turns = signal(0);

const drawn = computed<{ all: readonly Line[]; height: number }>(() => {
  void news.value;
  void turns.value;
  const machine = shown.value;
  if (machine === undefined) return { all: [], height: 0 };
  const sought = { text: search.value.trim().toLowerCase(), onlyTransitions: onlyTransitions.value };
  lines.update(machine.life, sought);
  return { all: lines.all, height: lines.height };
});

const view = signal({ top: 0, height: 400, width: 376 });

/** How wide things are drawn; known when there is a page. */
interface Rulers {
  readonly text: Ruler;
  readonly bold: Ruler;
  /** Of a time of the day, px. */
  readonly time: number;
}
const rulers = signal<Rulers | undefined>(undefined);

/** px, beside the texts of a line; as in log.css. */
const beside = { padding: 20, gap: 8, button: 34, indent: 12 };

export function Log() {
  const list = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const { all, height: whole } = drawn.value;
  const { top, height } = view.value;
  const first = Math.max(0, lines.indexAt(top) - 6);
  const last = Math.min(all.length, lines.indexAt(top + height) + 7);
  const life = shown.value?.life;
  const selected = selectedIn(life);

  useEffect(() => {
    const element = list.current!;
    const { fontFamily } = getComputedStyle(element);
    rulers.value = {
      text: rulerOf(`12.5px ${fontFamily}`),
      bold: rulerOf(`600 12.5px ${fontFamily}`),
      time: Math.ceil(rulerOf(`12px ${fontFamily}`)('00:00:00.000')) + 1,
    };
    const resized = new ResizeObserver(() => see(element));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = list.current!;
    // Live, the newest is in sight, unless somebody has scrolled away from it.
    if (cursor.value === undefined && follows.current) element.scrollTop = element.scrollHeight;
  }, [all.length, whole, height]);

  const lookAt = (line: Line | undefined) => {
    if (line === undefined) return;
    const { entry } = line.row ?? line.run.rows.at(-1)!;
    look(entry.at, entry);
    const element = list.current!;
    if (line.top < element.scrollTop) element.scrollTop = line.top;
    if (line.top + line.height > element.scrollTop + element.clientHeight)
      element.scrollTop = line.top + line.height - element.clientHeight;
  };

  const press = (event: KeyboardEvent) => {
    const { key } = event;
    const here = selected === -1 ? all.length : selected;
    const line = all[selected];
    if (key === 'ArrowUp') lookAt(all[stopBefore(here)]);
    else if (key === 'ArrowDown' && stopAfter(here) < all.length) lookAt(all[stopAfter(here)]);
    else if (key === 'ArrowDown' || key === 'Escape') look(undefined);
    else if (line === undefined || !canTurn(line, key)) return;
    else toggle(line.run);
    event.preventDefault();
  };

  return (
    <section class="log panel" aria-label="Event log">
      <div class="bar">
        <h2>Log</h2>
        <input
          type="search"
          placeholder="filter"
          aria-label="Filter the log"
          value={search}
          onInput={({ currentTarget }) => (search.value = currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={onlyTransitions}
            onChange={({ currentTarget }) => (onlyTransitions.value = currentTarget.checked)}
          />
          transitions
        </label>
      </div>
      <div
        class="rows"
        ref={list}
        tabIndex={0}
        role={all.length === 0 ? 'group' : 'tree'}
        aria-label="What happened; arrow keys look back and unfold, Escape returns to now"
        aria-activedescendant={selected >= first && selected < last ? idOf(all[selected]!) : undefined}
        onKeyDown={press}
        onScroll={({ currentTarget }) => {
          see(currentTarget);
          follows.current = currentTarget.scrollTop + currentTarget.clientHeight >= currentTarget.scrollHeight - 40;
        }}
      >
        {all.length === 0 ? <None life={life} /> : null}
        <div class="all" role="none" style={{ height: `${whole}px` }}>
          {all.slice(first, last).map((line, i) => (
            <Item key={idOf(line)} line={line} isSelected={first + i === selected} onLook={() => lookAt(line)} />
          ))}
        </div>
      </div>
      {cursor.value === undefined ? null : <Detail row={shownBy(all[selected], life)} />}
    </section>
  );
}

function see({ scrollTop, clientHeight, clientWidth }: HTMLElement): void {
  view.value = { top: scrollTop, height: clientHeight, width: clientWidth };
}

/** Which line shows what is looked at; −1: none. */
function selectedIn(life: LifeStory | undefined): number {
  const at = cursor.value;
  const row = at === undefined ? undefined : life?.rowAt(at, pinned.value);
  if (row === undefined) return -1;
  const index = lines.indexOf(row);
  const line = lines.all[index];
  // Of a filtered log the line before, unless it is known which one was meant.
  return line !== undefined && (pinned.value === undefined || lines.shows(line, row)) ? index : -1;
}

/** The very row that is looked at, also within a folded run. */
function shownBy(line: Line | undefined, life: LifeStory | undefined): Row | undefined {
  if (line === undefined) return undefined;
  return line.row ?? life?.rowAt(cursor.value!, pinned.value);
}

/** The head of an open run is passed by: what it has is below it. */
function stopBefore(here: number): number {
  const before = Math.max(0, here - 1);
  return isPassed(lines.all[before]) ? Math.max(0, before - 1) : before;
}

function stopAfter(here: number): number {
  return isPassed(lines.all[here + 1]) ? here + 2 : here + 1;
}

function isPassed(line: Line | undefined): boolean {
  return line !== undefined && line.row === undefined && lines.isOpen(line.run);
}

/** Enter and the arrows fold and unfold, as in a tree. */
function canTurn({ run, row }: Line, key: string): boolean {
  const isOpen = lines.isOpen(run);
  if (row !== undefined && !isOpen) return false;
  return key === 'Enter' || key === (isOpen ? 'ArrowLeft' : 'ArrowRight');
}

function toggle(run: Run): void {
  lines.toggle(run);
  turns.value += 1;
}

function idOf({ row, run }: Line): string {
  return row === undefined ? `run-${run.rows[0]!.number}` : `row-${row.number}`;
}

interface ItemProps {
  line: Line;
  isSelected: boolean;
  onLook: () => void;
}

function Item({ line, isSelected, onLook }: ItemProps) {
  const { row, run, top, height } = line;
  const isOpen = lines.isOpen(run);
  const isWithin = row !== undefined && run.rows.length > 1 && isOpen;
  const kind = row === undefined ? 'fold' : row.kind;
  return (
    <div
      id={idOf(line)}
      class={`row ${kind}${isWithin ? ' within' : ''}${isSelected ? ' selected' : ''}`}
      style={{ top: `${top}px`, height: `${height}px` }}
      role="treeitem"
      aria-level={isWithin ? 2 : 1}
      aria-selected={isSelected}
      aria-expanded={row === undefined ? isOpen : undefined}
      onClick={onLook}
    >
      {row === undefined ? <Head run={run} isOpen={isOpen} /> : <Texts row={row} isWithin={isWithin} />}
    </div>
  );
}

function Head({ run, isOpen }: { run: Run; isOpen: boolean }) {
  const { rows } = run;
  const said = saidOf(run);
  return (
    <>
      <Time at={rows[0]!.at} />
      <div class="texts">
        <Fitted texts={[{ kind: 'what', text: said }]} room={beside.button} title={said} />
        <p>
          <span class="soft">until </span>
          <time>{clockOf(rows.at(-1)!.at)}</time>
        </p>
      </div>
      <button
        type="button"
        class={isOpen ? 'open' : ''}
        tabIndex={-1}
        aria-label={`${isOpen ? 'Fold' : 'Unfold'}: ${said}`}
        onClick={(event) => {
          event.stopPropagation();
          toggle(run);
        }}
      >
        <Chevron />
      </button>
    </>
  );
}

/** `12 heartbeats, 1.2–3.4 ms`, `312 × TICK`. */
function saidOf(run: Run): string {
  const { kind, rows, trips } = run;
  if (kind !== 'heartbeats') return `${rows.length.toLocaleString('en')} × ${rows[0]!.type}`;
  const beats = heartbeatsIn(run);
  const many = `${beats.toLocaleString('en')} ${beats === 1 ? 'heartbeat' : 'heartbeats'}`;
  return trips === undefined ? many : `${many}, ${rangeOf(trips.least, trips.most)}`;
}

function rangeOf(least: number, most: number): string {
  const [from, to] = [milliseconds(least), milliseconds(most)];
  if (from === to) return to;
  const unit = / .*$/.exec(to)?.[0] ?? '';
  return `${from.endsWith(unit) ? from.slice(0, -unit.length) : from}–${to}`;
}

function Texts({ row, isWithin }: { row: Row; isWithin: boolean }) {
  const steps = leads(row) ? stepsOf(row.fromValue, row.toValue) : [];
  const tone = `tone-${toneOf(stateWord(row.toValue), row.isOutage)}`;
  const room = isWithin ? beside.indent : 0;
  const what = whatOf(row);
  const first: Piece[] = [
    { kind: 'what', text: what },
    ...(row.cause === '' ? [] : [{ kind: `why ${tone}`, text: row.cause, isBold: true }]),
  ];
  return (
    <>
      <Time at={row.at} />
      <div class="texts">
        <Fitted texts={first} room={room} title={row.cause === '' ? what : `${what}: ${row.cause}`} />
        {steps.slice(0, mostSteps).map(({ within, from, to }, i) => (
          <Fitted
            key={within}
            class="step"
            texts={[
              ...(within === '' ? [] : [{ kind: 'soft', text: within, after: ' · ' }]),
              { kind: 'soft', text: from, after: ' → ' },
              { kind: `to ${tone}`, text: to, isBold: true, after: moreOf(steps.length, i) },
            ]}
            room={room}
            title={`${row.from} → ${row.to}`}
          />
        ))}
      </div>
    </>
  );
}

function whatOf({ kind, type, missing }: Row): string {
  if (kind !== 'gap') return type === '' ? 'changed' : type;
  return `… ${missing.toLocaleString('en')} ${missing === 1 ? 'entry is' : 'entries are'} not kept here`;
}

function moreOf(steps: number, index: number): string {
  return index + 1 === mostSteps && steps > mostSteps ? ` and ${steps - mostSteps} more` : '';
}

function Time({ at }: { at: number }) {
  return <time style={{ width: `${rulers.value?.time ?? 80}px` }}>{clockOf(at)}</time>;
}

interface Piece {
  /** A class. */
  kind: string;
  text: string;
  isBold?: boolean;
  /** Stands behind it in any case. */
  after?: string;
}

interface FittedProps {
  texts: Piece[];
  /** Taken from the row's width by other things, px. */
  room: number;
  /** All of it. */
  title: string;
  class?: string;
}

/** One line of text, shortened where it must be. */
function Fitted({ texts, room, title, class: name }: FittedProps) {
  const measured = rulers.value;
  const { width } = view.value;
  let shortened = texts.map(({ text }) => text);
  if (measured !== undefined) {
    // Bold is wider: nothing is cut off where one ruler is used for all.
    const { bold, time } = measured;
    const besides = texts.reduce(
      (sum, { after = '' }) => sum + bold(after),
      name === undefined ? (texts.length - 1) * 8 : 0,
    );
    const left = width - beside.padding - time - beside.gap - room - besides - 2;
    shortened = fittedBeside(shortened, Math.max(60, left), bold);
  }
  return (
    <p class={name} title={title}>
      {texts.map(({ kind, after }, i) => (
        <>
          <span class={kind}>{shortened[i]}</span>
          {after === undefined || after === '' ? null : <span class="soft">{after}</span>}
        </>
      ))}
    </p>
  );
}

/** Why there is nothing. */
function None({ life }: { life: LifeStory | undefined }) {
  const hidden = life?.rows.length ?? 0;
  const text = search.value.trim();
  if (hidden === 0) return <p class="none">Nothing has happened yet.</p>;
  return (
    <p class="none" role="status">
      {text === '' ? 'Nothing led anywhere' : `Nothing matches “${text.slice(0, 60)}”`}
      {text !== '' && onlyTransitions.value ? ' among transitions' : ''};{' '}
      {hidden === 1 ? '1 row is' : `${hidden.toLocaleString('en')} rows are`} hidden.{' '}
      <button
        type="button"
        onClick={() => {
          search.value = '';
          onlyTransitions.value = false;
        }}
      >
        clear
      </button>
    </p>
  );
}

/** All there is to know of the selected event, and the context as it was then. */
function Detail({ row }: { row: Row | undefined }) {
  const step = row === undefined || !leads(row) ? undefined : { from: row.from, to: row.to };
  return (
    <details class="detail">
      <summary>event and context at {clockOf(cursor.value ?? 0)}</summary>
      <pre>{asText({ event: row?.event, ...step, context: moment.value?.context })}</pre>
    </details>
  );
}

export function asText(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? '';
}
