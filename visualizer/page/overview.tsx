/**
 * All machines, a row each: those in trouble first. Only the rows that are seen are drawn, twice a second.
 *
 * Rows never move under a pointer or a finger, nor while the keyboard is on one of them.
 */
import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { clockOf, seconds } from './figures.ts';
import { shortened } from './names.ts';
import { drawPulse, type Inks, inksOf } from './pulse.ts';
import { countsOf, isSought, keptInOrder, sorted, type Standing, standingsOf, titleOf } from './standings.ts';
import { machines, open, shown } from './store.ts';

/** How often it is drawn, ms. */
const pace = 500;
/** Rows change their places no more often, ms. */
const patience = 1_000;

const sought = signal('');
/** Grows by one each time that it is drawn anew. */
const turn = signal(0);
const seen = signal({ top: 0, height: 600, rowHeight: 40 });
/** Where it was scrolled to, for when the reader comes back. */
let place = 0;
/** The row that the keyboard is on, and whether it is to be focused as soon as it is drawn. */
const current = signal<{ key: string; takesFocus: boolean } | undefined>(undefined);

export function Overview() {
  const list = useRef<HTMLDivElement>(null);
  const order = useRef<{ keys: readonly string[]; at: number }>({ keys: [], at: -Infinity });
  const touched = useRef(-Infinity);
  void turn.value;

  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') turn.value += 1;
    }, pace);
    return () => clearInterval(timer);
  }, []);

  useLayoutEffect(() => {
    const element = list.current!;
    const look = () => {
      const rowHeight = Number.parseFloat(getComputedStyle(element).getPropertyValue('--row')) || 40;
      seen.value = { top: element.scrollTop, height: element.clientHeight, rowHeight };
    };
    const resized = new ResizeObserver(look);
    resized.observe(element);
    look();
    element.scrollTop = place;
    return () => resized.disconnect();
  }, []);

  const now = Date.now();
  const all = standingsOf(machines.value, now);
  const isHeld = list.current !== null && isAbout(list.current, touched.current);
  const mayMove = !isHeld && now - order.current.at >= patience;
  const standings = mayMove ? sorted(all) : keptInOrder(all, order.current.keys);
  order.current = { keys: standings.map(({ machine }) => machine.key), at: mayMove ? now : order.current.at };

  const connections = all.filter(({ isConnection }) => isConnection);
  const others = all.length - connections.length;
  const hits = standings.filter((each) => isSought(each, sought.value.trim()));
  const rows = rowsOf(hits);
  const { top, height, rowHeight } = seen.value;
  const first = Math.max(0, Math.floor(top / rowHeight) - 4);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + 4);
  const isThere = hits.some(({ machine }) => machine.key === current.value?.key);
  const here = isThere ? current.value!.key : hits[0]?.machine.key;
  const withSource = new Set(machines.value.map(({ source }) => source)).size > 1;
  const inks = list.current === null ? undefined : inksOf(list.current);

  const goTo = (index: number) => {
    const step = index < rows.findIndex((row) => keyOf(row) === here) ? -1 : 1;
    let at = Math.min(rows.length - 1, Math.max(0, index));
    if (typeof rows[at] === 'string') at += rows[at + step] === undefined ? -step : step;
    const key = keyOf(rows[at]);
    if (key === undefined) return;
    const element = list.current!;
    if (at * rowHeight < element.scrollTop) element.scrollTop = at * rowHeight;
    if ((at + 1) * rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = (at + 1) * rowHeight - element.clientHeight;
    current.value = { key, takesFocus: true };
  };
  const press = (event: KeyboardEvent) => {
    const at = rows.findIndex((row) => keyOf(row) === here);
    const page = Math.max(1, Math.floor(height / rowHeight) - 1);
    const steps: Record<string, number> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    goTo(to);
  };

  return (
    <main class="overview panel">
      <div class="bar">
        <h2>{titleOf(machines.value)}</h2>
        <p class="counts" role="status">
          {countsOf(connections).map(({ count, what, tone }) => (
            <span key={what} class={`tone-${tone}`}>
              <b>{count}</b> {what}
            </span>
          ))}
        </p>
        <input
          type="search"
          placeholder="name, state or cause"
          aria-label="Show only those with this in their name, source, state or cause"
          value={sought}
          onInput={({ currentTarget }) => {
            sought.value = currentTarget.value;
            list.current!.scrollTop = 0;
          }}
        />
      </div>
      <div
        class="table"
        role="table"
        aria-label="Connections, those in trouble first; arrow keys go from one to the next, Enter opens it"
        aria-rowcount={rows.length + 1}
      >
        <div class="heads" role="rowgroup">
          <div class="machine" role="row" aria-rowindex={1}>
            {['Name', 'State', 'For', 'Last minute', 'Cause'].map((each) => (
              <span key={each} role="columnheader">
                {each}
              </span>
            ))}
          </div>
        </div>
        <div
          class="list"
          role="rowgroup"
          ref={list}
          onKeyDown={press}
          onPointerDown={() => (touched.current = performance.now())}
          onScroll={({ currentTarget }) => {
            place = currentTarget.scrollTop;
            touched.current = performance.now();
            seen.value = { ...seen.peek(), top: place, height: currentTarget.clientHeight };
          }}
        >
          <div class="all" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
            {rows.map((row, i) => {
              // The row that the keyboard is on stays, wherever the list is scrolled to.
              if ((i < first || i >= last) && keyOf(row) !== here) return null;
              const style = { top: `${i * rowHeight}px` };
              if (typeof row === 'string') {
                return (
                  <div key="others" class="others" role="row" aria-rowindex={i + 2} style={style}>
                    <span role="cell">
                      {row} ({others})
                    </span>
                  </div>
                );
              }
              return (
                <Machine key={row.machine.key} {...{ standing: row, inks, style, here, withSource }} index={i + 2} />
              );
            })}
          </div>
        </div>
      </div>
      {hits.length > 0 ? null : (
        <p class="none">
          {all.length === 0 ? 'No machine yet.' : `None of ${all.length} has “${sought.value.trim()}” in it.`}
        </p>
      )}
    </main>
  );
}

interface MachineProps {
  standing: Standing;
  inks: Inks | undefined;
  withSource: boolean;
  style: { top: string };
  index: number;
  here: string | undefined;
}

function Machine({ standing, inks, withSource, style, index, here }: MachineProps) {
  const { machine, name, word, tone, since, at, cause, isConnection } = standing;
  const { key, source, life, lostAt } = machine;
  const button = useRef<HTMLButtonElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const beats = useRef(0);

  useLayoutEffect(() => {
    if (canvas.current !== null && inks !== undefined)
      beats.current = drawPulse(canvas.current, life, at, lostAt ?? at, inks);
  });
  useLayoutEffect(() => {
    if (current.value?.key !== key || !current.value.takesFocus) return;
    current.value = { key, takesFocus: false };
    button.current?.focus({ preventScroll: true });
  });

  const show = (isByKey: boolean) => {
    current.value = { key, takesFocus: isByKey };
    open(key);
  };
  return (
    <div
      class={`machine${lostAt === undefined ? '' : ' unheard'}${shown.value?.key === key ? ' last' : ''}`}
      role="row"
      aria-rowindex={index}
      style={style}
      onClick={() => show(false)}
    >
      <span class="name" role="rowheader">
        <button
          type="button"
          ref={button}
          tabIndex={key === here ? 0 : -1}
          title={name}
          onFocus={() => (current.value = { key, takesFocus: false })}
          onClick={(event) => {
            event.stopPropagation();
            show(event.detail === 0);
          }}
        >
          {shortened(name, 34)}
        </button>
        {withSource ? <small title={source.name}>{shortened(source.name, 34)}</small> : null}
      </span>
      <span class={`word tone-${tone}`} role="cell" title={word}>
        <span class="lamp" aria-hidden="true" />
        {shortened(word, 34)}
      </span>
      <time role="cell" title={`since ${clockOf(since)}`}>
        {lasting(at - since)}
      </time>
      <span class="pulse" role="cell">
        {isConnection ? <canvas ref={canvas} role="img" aria-label={`${beats.current} beats answered`} /> : null}
      </span>
      <span class="cause" role="cell" title={cause}>
        {shortened(cause, 40)}
      </span>
    </div>
  );
}

/** Rows, and a heading between connections and others. */
function rowsOf(standings: readonly Standing[]): (Standing | string)[] {
  const first = standings.findIndex(({ isConnection }) => !isConnection);
  return first < 0 ? [...standings] : [...standings.slice(0, first), 'Other machines', ...standings.slice(first)];
}

function keyOf(row: Standing | string | undefined): string | undefined {
  return typeof row === 'object' ? row.machine.key : undefined;
}

/** Whether somebody is about to press something in it. A finger leaves no trace: where it was is hovered ever after. */
function isAbout(list: Element, touchedAt: number): boolean {
  const isHovered = matchMedia('(hover: hover)').matches && list.matches(':hover');
  return isHovered || list.querySelector(':focus-visible') !== null || performance.now() - touchedAt < patience;
}

/** In whole seconds, where it is some. */
function lasting(ms: number): string {
  return ms < 90_000 ? `${Math.max(0, Math.floor(ms / 1_000))} s` : seconds(ms);
}
