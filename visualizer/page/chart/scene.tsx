/** What stands still in a chart: boxes, arrows and words. */
import type { TargetedKeyboardEvent } from 'preact';

import { besideCaption, besidesOf, delayOf } from './graph.ts';
import { type Measure, measureByCanvas } from './measure.ts';
import { headAt, pathThrough } from './path.ts';
import type { Label, LabelRow, Layout, PlacedBox, PlacedEdge, PlacedWord } from './shapes.ts';
import { type Tone, tonesOf } from './tone.ts';

type Send = ((type: string) => void) | undefined;

interface SceneProps {
  layout: Layout;
  active: ReadonlySet<string>;
  onEvent: Send;
}

/** Boxes below arrows, arrows below words; what can happen now on top of what cannot. */
export function Scene({ layout, active, onEvent }: SceneProps) {
  const tones = tonesOf(layout);
  const depths = depthsOf(layout);
  const canLeave = (edge: PlacedEdge) => active.has(edge.from);
  const edges = layout.edges.toSorted((a, b) => Number(canLeave(a)) - Number(canLeave(b)));
  return (
    <>
      {layout.boxes.map((box) => (
        <BoxShape key={box.id} {...{ box, tone: tones.get(box.id), depth: depths.get(box.id) ?? 0, active }} />
      ))}
      {edges.map((edge) => (
        <Arrow
          key={edge.id}
          edge={edge}
          class={`${canLeave(edge) ? 'open' : ''} tone-${tones.get(edge.from) ?? 'none'}`}
        />
      ))}
      {layout.labels.map((label) => (
        <Words
          key={`${label.box} ${label.edge ?? textOf(label)}`}
          {...{ label, isOpen: active.has(label.box), tone: tones.get(label.box), onEvent }}
          arrow={layout.edges.find(({ id }) => id === label.edge)}
        />
      ))}
    </>
  );
}

function BoxShape({
  box,
  tone,
  depth,
  active,
}: {
  box: PlacedBox;
  tone: Tone | undefined;
  depth: number;
  active: ReadonlySet<string>;
}) {
  const { x, y, width, height, kind, title, beside } = box;
  if (kind === 'initial') return <circle class="initial" cx={x + width / 2} cy={y + height / 2} r={width / 2} />;
  const classes = [
    'box',
    `depth-${Math.min(depth, 3)}`,
    kind,
    `tone-${tone ?? 'none'}`,
    active.has(box.id) ? 'lit' : '',
  ];
  const radius = depth === 0 ? 10 : 8;
  return (
    <g class={classes.join(' ')}>
      <rect class="frame" {...{ x, y, width, height }} rx={radius} />
      {kind === 'final' && (
        <rect class="inner" x={x + 3} y={y + 3} width={width - 6} height={height - 6} rx={radius - 3} />
      )}
      {beside && <rect class="beside" {...beside} rx={8} />}
      {beside && (
        <text class="caption" x={beside.x + 8} y={beside.y + 14}>
          {besideCaption(box)}
        </text>
      )}
      <text class="title" x={title.x} y={title.y}>
        {box.key}
        {besidesOf(box) !== '' && (
          <tspan class="runs" dx={8}>
            {besidesOf(box)}
          </tspan>
        )}
      </text>
      {box.entry.length + box.exit.length > 0 && <title>{aside('on entry', box.entry, 'on exit', box.exit)}</title>}
    </g>
  );
}

function Arrow({ edge, class: classes }: { edge: PlacedEdge; class: string }) {
  const [first] = edge.points;
  if (first === undefined || edge.points.length < 2) return null;
  return (
    <g class={`arrow ${classes}`}>
      <path class="line" d={pathThrough(edge.points)} />
      <path class="head" d={headAt(edge.points)} />
      {edge.lines.length > 0 && <circle class="tail" cx={first.x} cy={first.y} r={2} />}
    </g>
  );
}

interface WordsProps {
  label: Label;
  arrow: PlacedEdge | undefined;
  isOpen: boolean;
  tone: Tone | undefined;
  onEvent: Send;
}

function Words({ label, arrow, isOpen, tone, onEvent }: WordsProps) {
  const start = arrow?.points[0];
  const side = start !== undefined && start.x < label.x + label.width / 2 ? start.x + 3 : start && start.x - 4;
  return (
    <g class={`words tone-${tone ?? 'none'} ${isOpen ? 'open' : ''}`}>
      {label.rows.length > 1 && side !== undefined && (
        <path class="brace" d={`M${side} ${label.y + 3}V${label.y + label.height - 3}`} />
      )}
      {label.rows.map((row) => (
        <RowWords key={textOf({ rows: [row] })} row={row} send={isOpen && isSendable(row) ? onEvent : undefined} />
      ))}
    </g>
  );
}

function RowWords({ row, send }: { row: LabelRow; send: Send }) {
  const { line, x, y, width, height } = row;
  const act = send && (() => send(line.event));
  const onKeyDown = (event: TargetedKeyboardEvent<SVGGElement>) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    act?.();
  };
  const button = { role: 'button', tabindex: 0, 'aria-label': `send ${line.event}`, onClick: act, onKeyDown } as const;
  return (
    <g class={act ? 'row sendable' : 'row'} {...(act && button)}>
      <rect class="hit" x={x - 4} y={y} width={width + 8} height={height} rx={4} />
      {line.kind === 'internal' && <circle class="mark" cx={x + 4} cy={y + 7} r={2} />}
      {line.kind === 'loop' && (
        <path class="mark loop" d={`M${x + 7.2} ${y + 5.2}a3.6 3.6 0 1 0 .7 2.6M${x + 7.8} ${y + 2.6}v3h-3`} />
      )}
      <text>
        {row.words.map((word) => (
          <WordSpan key={word.x + word.y * 1e4} {...word} />
        ))}
      </text>
      {line.actions.length > 0 && <title>{aside('does', line.actions)}</title>}
    </g>
  );
}

function WordSpan({ role, text, x, y, width }: PlacedWord) {
  // In a font that is wider than expected, words are squeezed rather than overlap.
  const isWide = ruler !== undefined && ruler(text, role) > width + 0.5;
  return (
    <tspan class={role} x={x} y={y} {...(isWide && { textLength: width, lengthAdjust: 'spacingAndGlyphs' as const })}>
      {text}
    </tspan>
  );
}

const ruler: Measure | undefined = typeof document === 'undefined' ? undefined : measureByCanvas();

function depthsOf({ boxes }: Layout): Map<string, number> {
  const depths = new Map<string, number>();
  for (const { id, parent } of boxes) depths.set(id, parent === undefined ? 0 : (depths.get(parent) ?? 0) + 1);
  return depths;
}

/** What the outside may say; the rest is up to time and to the machine itself. */
function isSendable({ line: { event } }: LabelRow): boolean {
  return event !== '' && event !== '*' && delayOf(event) === undefined && !/^(done|error)\./.test(event);
}

function textOf({ rows }: Pick<Label, 'rows'>): string {
  return rows.map(({ line, words }) => `${line.kind} ${words.map(({ text }) => text).join(' ')}`).join('\n');
}

function aside(...parts: (string | string[])[]): string {
  const told: string[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const each = parts[index + 1] ?? [];
    if (each.length > 0) told.push(`${String(parts[index])}: ${[each].flat().join(', ')}`);
  }
  return told.join('\n');
}
