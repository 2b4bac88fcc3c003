/**
 * A statechart, alive: where the machine is, what it can do next, what it did last, and how long until time does it.
 *
 * It draws what it is told and knows no machine. What changes ten times a second (`now`) is drawn apart from what changes with the state.
 */
import { useId, useMemo, useRef } from 'preact/hooks';

import type { Definition, StateValue } from '../../entry.ts';
import { excessOf } from './bounds.ts';
import { Foot } from './foot.tsx';
import { activeIn } from './graph.ts';
import { Legend } from './legend.tsx';
import { fontFamily } from './measure.ts';
import { Countdowns, Trail } from './motion.tsx';
import { Scene } from './scene.tsx';
import type { Layout } from './shapes.ts';
import { sightsOf } from './sights.ts';
import { TooLarge } from './too-large.tsx';
import { useView } from './view.ts';

export interface ChartProps {
  definition: Definition;
  /** Made by `layoutOf`; undefined: it is too large to be drawn. */
  layout?: Layout | undefined;
  value?: StateValue | undefined;
  /** Where it was before `taken`. */
  previous?: StateValue | undefined;
  /** What it was told last; `at`, epoch ms, tells two of the same event apart, without it only a change of `value` or `previous` does. */
  taken?: string | { event: string; at: number } | undefined;
  /** Timers that run, by event type: how long each takes in all, ms, and since when, epoch ms. */
  delays?: Record<string, { ms: number; since: number }> | undefined;
  /** Epoch ms. */
  now?: number | undefined;
  /** Whether the line is lost: a dial is then part of the outage. */
  isOutage?: boolean | undefined;
  /** Asked to send an event to the machine; without it nothing can be clicked. */
  onEvent?: ((type: string) => void) | undefined;
}

export function Chart(props: ChartProps) {
  const excess = useMemo(() => excessOf(props.definition), [props.definition]);
  return excess === undefined ? <Drawn {...props} /> : <TooLarge excess={excess} value={props.value} />;
}

function Drawn(props: ChartProps) {
  const { definition, layout, value, previous, taken, delays, now, isOutage = false, onEvent } = props;
  const holder = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const legend = useId();
  const active = useMemo(() => activeIn(definition, value), [definition, value]);
  const sights = useMemo(
    () => (layout === undefined ? [] : sightsOf(layout, active, activeIn(definition, previous))),
    [layout, active],
  );
  const view = useView(holder, svg, layout, sights);
  const name = nameOf(definition, active);
  const scene = useMemo(
    () => layout && <Scene {...{ layout, active, isOutage, onEvent }} />,
    [layout, active, isOutage, onEvent],
  );
  const event = typeof taken === 'object' ? taken.event : taken;
  const turn = typeof taken === 'object' ? `${event} ${taken.at}` : JSON.stringify([event, previous, value]);
  const trail = useMemo(
    () =>
      layout &&
      event !== undefined && <Trail key={turn} {...{ layout, active, definition, previous, event, isOutage }} />,
    [layout, turn],
  );
  const onKeyDown = (press: KeyboardEvent) => {
    const act = keys[press.key];
    if (act === undefined || press.ctrlKey || press.metaKey || press.altKey) return;
    press.preventDefault();
    act(view);
  };
  return (
    <div ref={holder} class="statechart" style={{ fontFamily }}>
      <svg
        ref={svg}
        class={`${view.isDragged ? 'dragged' : ''} ${view.glides ? 'glides' : ''}`}
        role={onEvent === undefined ? 'img' : 'group'}
        aria-label={`Statechart of ${definition.id}: ${name === '' ? 'not started' : `now in ${name}`}`}
        tabindex={0}
        onKeyDown={onKeyDown}
        onDblClick={view.follow}
      >
        <g class="camera" style={{ transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})` }}>
          {scene}
          {layout && delays && now !== undefined && <Countdowns {...{ layout, active, delays, now, isOutage }} />}
          {trail}
        </g>
      </svg>
      <Foot {...{ view, layout, active, legend }} />
      <Legend id={legend} layout={layout} />
      <ul class="statechart-states">
        {layout?.boxes
          .filter(({ kind }) => kind !== 'initial')
          .map(({ id }) => (
            <li key={id} aria-current={active.has(id) ? 'true' : undefined}>
              {pathOf(definition, id)}
            </li>
          ))}
      </ul>
    </div>
  );
}

const keys: Record<string, (view: ReturnType<typeof useView>) => void> = {
  '+': (view) => view.zoom(1.2),
  '=': (view) => view.zoom(1.2),
  '-': (view) => view.zoom(1 / 1.2),
  '0': (view) => view.showAll(),
  f: (view) => view.follow(),
  ArrowLeft: (view) => view.pan(40, 0),
  ArrowRight: (view) => view.pan(-40, 0),
  ArrowUp: (view) => view.pan(0, 40),
  ArrowDown: (view) => view.pan(0, -40),
};

function nameOf({ id: root }: Definition, active: ReadonlySet<string>): string {
  return [...active]
    .filter((id) => id !== root)
    .map((id) => id.split('.').at(-1))
    .join(', ');
}

function pathOf({ id: root }: Definition, id: string): string {
  return id.startsWith(`${root}.`) ? id.slice(root.length + 1).replaceAll('.', ', ') : id;
}
