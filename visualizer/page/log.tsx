/** The event log: only the rows that are seen are drawn, however many there are. */
import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { clockOf } from './figures.ts';
import { type Row, stateWord, stepOf } from './life.ts';
import { cursor, look, moment, news, pinned, shown } from './store.ts';

const rowHeight = 26;

export const search = signal('');
/** Only what led somewhere. */
export const onlyTransitions = signal(false);

const rows = computed<readonly Row[]>(() => {
  void news.value;
  const all = shown.value?.life.rows ?? [];
  const sought = search.value.trim().toLowerCase();
  if (sought === '' && !onlyTransitions.value) return all.slice();
  return all.filter(
    (row) =>
      (!onlyTransitions.value || (row.to !== '' && row.to !== row.from)) &&
      (sought === '' || `${row.type} ${row.from} ${row.to} ${row.cause}`.toLowerCase().includes(sought)),
  );
});

const view = signal({ top: 0, height: 400 });

export function Log() {
  const list = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const all = rows.value;
  const { top, height } = view.value;
  const first = Math.max(0, Math.floor(top / rowHeight) - 6);
  const last = Math.min(all.length, Math.ceil((top + height) / rowHeight) + 6);
  const at = cursor.value;
  const pin = pinned.value;
  const selected =
    at === undefined ? undefined : all.findLast((row) => (pin === undefined ? row.at <= at : row.entry === pin));

  useEffect(() => {
    const element = list.current!;
    const resized = new ResizeObserver(() => (view.value = { top: element.scrollTop, height: element.clientHeight }));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);

  useEffect(() => {
    const element = list.current!;
    // Live, the newest is in sight, unless somebody has scrolled away from it.
    if (cursor.value === undefined && follows.current) element.scrollTop = element.scrollHeight;
  }, [all.length, all.at(-1)?.number]);

  const lookAt = (row: Row | undefined) => {
    if (row === undefined) return;
    look(row.entry.at, row.entry);
    const index = all.indexOf(row);
    const element = list.current!;
    if (index * rowHeight < element.scrollTop) element.scrollTop = index * rowHeight;
    if ((index + 1) * rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = (index + 1) * rowHeight - element.clientHeight;
  };

  const press = (event: KeyboardEvent) => {
    const here = selected === undefined ? all.length : all.indexOf(selected);
    if (event.key === 'ArrowUp') lookAt(all[Math.max(0, here - 1)]);
    else if (event.key === 'ArrowDown' && here + 1 < all.length) lookAt(all[here + 1]);
    else if (event.key === 'ArrowDown' || event.key === 'Escape') look(undefined);
    else return;
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
        role="listbox"
        aria-label="What happened; arrow keys look back, Escape returns to now"
        aria-activedescendant={selected && `row-${selected.number}`}
        onKeyDown={press}
        onScroll={({ currentTarget }) => {
          view.value = { top: currentTarget.scrollTop, height: currentTarget.clientHeight };
          follows.current =
            currentTarget.scrollTop + currentTarget.clientHeight >= currentTarget.scrollHeight - 2 * rowHeight;
        }}
      >
        <div class="all" style={{ height: `${all.length * rowHeight}px` }}>
          {all.slice(first, last).map((row, i) => (
            <div
              key={row.number}
              id={`row-${row.number}`}
              class={`row${row === selected ? ' selected' : ''}`}
              style={{ top: `${(first + i) * rowHeight}px` }}
              role="option"
              aria-selected={row === selected}
              onClick={() => lookAt(row)}
            >
              <time>{clockOf(row.at)}</time>
              <span class="what">{row.type}</span>
              <Step row={row} />
            </div>
          ))}
        </div>
      </div>
      {at === undefined ? null : <Detail row={selected} />}
    </section>
  );
}

function Step({ row }: { row: Row }) {
  if (row.to === '' || row.to === row.from) return null;
  const [from, to] = stepOf(row);
  return (
    <span class={`to ${stateWord(row.to)}`} title={`${row.from} → ${row.to}`}>
      <span class="from">{from} → </span>
      {to}
      {row.cause === '' ? null : <span class="cause"> {row.cause}</span>}
    </span>
  );
}

/** All there is to know of the selected event, and the context as it was then. */
function Detail({ row }: { row: Row | undefined }) {
  return (
    <details class="detail">
      <summary>event and context at {clockOf(cursor.value ?? 0)}</summary>
      <pre>{asText({ event: row?.event, context: moment.value?.context })}</pre>
    </details>
  );
}

export function asText(value: unknown): string {
  return JSON.stringify(value, undefined, 2) ?? '';
}
