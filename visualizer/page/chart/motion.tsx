/** What moves in a chart: time that runs, and the way that was taken. */
import type { Definition, StateValue } from '../../entry.ts';
import { activeIn, arrowsTaken } from './graph.ts';
import { lengthOf, pathThrough } from './path.ts';
import type { Layout, PlacedEdge } from './shapes.ts';
import { tonesOf } from './tone.ts';

interface CountdownsProps {
  layout: Layout;
  active: ReadonlySet<string>;
  delays: Record<string, { ms: number; since: number }>;
  now: number;
  isOutage: boolean;
}

/** How long until time moves it: in words beside the event, and as a stroke that grows along the arrow. */
export function Countdowns({ layout, active, delays, now, isOutage }: CountdownsProps) {
  const tones = tonesOf(layout, isOutage);
  return (
    <>
      {layout.labels
        .filter(({ box }) => active.has(box))
        .map((label) => {
          const row = label.rows.find(({ line }) => delays[line.event] !== undefined);
          const delay = row && delays[row.line.event];
          if (row === undefined || delay === undefined) return null;
          const done = Math.min(1, Math.max(0, (now - delay.since) / delay.ms));
          const edge = layout.edges.find(({ id }) => id === label.edge);
          const shown = label.rows.find(({ line, countdown }) => line.event === row.line.event && countdown)?.countdown;
          return (
            <g
              key={`${label.box} ${label.edge ?? row.line.event}`}
              class={`countdown tone-${tones.get(label.box) ?? 'none'}`}
            >
              {edge && (
                <path class="progress" d={pathThrough(edge.points)} pathLength={1} stroke-dasharray={`${done} 2`} />
              )}
              {shown && (
                <text x={shown.x} y={shown.y}>
                  {left(delay.since + delay.ms - now)}
                </text>
              )}
            </g>
          );
        })}
    </>
  );
}

interface TrailProps {
  layout: Layout;
  active: ReadonlySet<string>;
  definition: Definition;
  previous: StateValue | undefined;
  event: string;
  isOutage: boolean;
}

/** What it did last: a pulse runs along the way it took, or its words glow where it stayed. */
export function Trail({ layout, active, definition, previous, event, isOutage }: TrailProps) {
  const tones = tonesOf(layout, isOutage);
  const before = activeIn(definition, previous);
  const ways = arrowsTaken(layout, event, before, active) as PlacedEdge[];
  const first = ways[0];
  const label = first
    ? layout.labels.find(({ edge }) => edge === first.id)
    : layout.labels.findLast(({ box, rows }) => before.has(box) && rows.some(({ line }) => line.event === event));
  const row = label?.rows.find(({ line }) => line.event === event);
  let start = 0;
  return (
    <g class={`trail tone-${tones.get(ways.at(-1)?.to ?? label?.box ?? '') ?? 'none'}`}>
      {row && <rect class="glow" x={row.x - 4} y={row.y} width={row.width + 8} height={row.height} rx={4} />}
      {ways.map((way) => {
        const length = lengthOf(way.points);
        const takes = Math.min(900, Math.max(350, length * 1.4));
        const style = { animationDelay: `${start}ms`, animationDuration: `${takes}ms` };
        start += takes * 0.8;
        const dash = Math.min(0.6, 46 / Math.max(1, length));
        return (
          <g key={way.id}>
            <path class="ember" d={pathThrough(way.points)} style={{ animationDelay: style.animationDelay }} />
            <path
              class="pulse"
              d={pathThrough(way.points)}
              pathLength={1}
              stroke-dasharray={`${dash} 3`}
              style={{ ...style, '--dash': String(dash) }}
            />
          </g>
        );
      })}
    </g>
  );
}

/** `2.3 s`; what does not end is not counted. */
function left(ms: number): string {
  if (ms > 86_400_000) return '…';
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  if (seconds >= 5_999.5) return `${(seconds / 3_600).toFixed(1)} h`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
