/** What moves the camera: buttons, and where not all is seen, a map. */
import { Fit, Minus, Plus, Question } from '../icons.tsx';
import type { Layout, Size } from './shapes.ts';
import { tonesOf } from './tone.ts';
import type { Viewport } from './view.ts';

interface FootProps {
  view: Viewport;
  layout: Layout | undefined;
  active: ReadonlySet<string>;
  /** Id of the legend. */
  legend: string;
}

export function Foot({ view, layout, active, legend }: FootProps) {
  const { plan } = view;
  return (
    <div class={`statechart-foot ${plan.buttons}`}>
      {plan.follows && layout && <Overview {...{ view, layout, active }} />}
      <div class="statechart-buttons">
        <button type="button" aria-label="zoom in" title="Zoom in (+)" onClick={() => view.zoom(1.3)}>
          <Plus />
        </button>
        <button type="button" aria-label="zoom out" title="Zoom out (−)" onClick={() => view.zoom(1 / 1.3)}>
          <Minus />
        </button>
        <button type="button" aria-label="show all" title="Show all (0)" onClick={view.showAll}>
          <Fit />
        </button>
        {plan.follows && (
          <button
            type="button"
            aria-label="follow"
            title="Follow the active state (F)"
            aria-pressed={view.mode === 'by itself'}
            onClick={view.follow}
          >
            <Aim />
          </button>
        )}
        <button type="button" aria-label="what the signs mean" title="What the signs mean" popovertarget={legend}>
          <Question />
        </button>
      </div>
    </div>
  );
}

function Overview({ view, layout, active }: { view: Viewport; layout: Layout; active: ReadonlySet<string> }) {
  const tones = tonesOf(layout);
  const { room, scale, x, y } = { ...view, room: view.plan.room };
  const parents = new Set(layout.boxes.map(({ parent }) => parent));
  const size = mapSize(layout);
  const look = (event: MouseEvent) => {
    const { left, top, width } = (event.currentTarget as SVGElement).getBoundingClientRect();
    const unit = layout.width / width;
    view.lookAt((event.clientX - left) * unit, (event.clientY - top) * unit);
  };
  return (
    <svg
      class="statechart-map"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      {...size}
      role="img"
      aria-label="Map of the whole chart: what of it is in sight"
      onClick={look}
    >
      {layout.boxes
        .filter(({ kind }) => kind !== 'initial')
        .map((box) => (
          <rect
            key={box.id}
            class={`${parents.has(box.id) ? 'outer' : 'leaf'} tone-${tones.get(box.id) ?? 'none'} ${active.has(box.id) ? 'lit' : ''}`}
            x={box.x}
            y={box.y}
            width={box.width}
            height={box.height}
          />
        ))}
      <rect class="sight" x={-x / scale} y={-y / scale} width={room.width / scale} height={room.height / scale} />
    </svg>
  );
}

/** px, within what the foot has for it. */
function mapSize({ width, height }: Size): Size {
  const scale = Math.min(190 / width, 52 / height);
  return { width: width * scale, height: height * scale };
}

function Aim() {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round">
        <circle cx="8" cy="8" r="4.2" />
        <path d="M8 1.500v2.300M8 12.200v2.300M1.5 8h2.300M12.2 8h2.300" />
      </g>
    </svg>
  );
}
