/** What stands still in a chart: boxes, arrows and words. */
import type { TargetedKeyboardEvent } from 'preact';

import { besideCaption, besidesOf, delayOf, type TextLine, textOf as textOfLine } from './graph.ts';
import { type Measure, measureByCanvas, type Role } from './measure.ts';
import { headAt, pathThrough } from './path.ts';
import type { Label, LabelRow, Layout, PlacedBox, PlacedEdge, PlacedWord } from './shapes.ts';
import { type Tone, tonesOf } from './tone.ts';

type Send = ((type: string) => void) | undefined;

interface SceneProps {
  layout: Layout;
  active: ReadonlySet<string>;
  isOutage: boolean;
  onEvent: Send;
}

/** Boxes below arrows, arrows below words; what can happen now on top of what cannot. */
export function Scene({ layout, active, isOutage, onEvent }: SceneProps) {
  const tones = tonesOf(layout, isOutage);
  const regions = regionsIn(layout);
  const depths = depthsOf(layout);
  const canLeave = (edge: PlacedEdge) => active.has(edge.from);
  const edges = layout.edges.toSorted((a, b) => Number(canLeave(a)) - Number(canLeave(b)));
  return (
    <>
      {layout.boxes.map((box) => (
        <BoxShape
          key={box.id}
          {...{ box, tone: tones.get(box.id), depth: depths.get(box.id) ?? 0, active, isRegion: regions.has(box.id) }}
        />
      ))}
      {[...regions].map(([id, path]) => (
        <path key={id} class="divider" d={path} />
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

interface BoxProps {
  box: PlacedBox;
  tone: Tone | undefined;
  depth: number;
  active: ReadonlySet<string>;
  isRegion: boolean;
}

function BoxShape({ box, tone, depth, active, isRegion }: BoxProps) {
  const { x, y, width, height, kind, title, beside } = box;
  if (kind === 'initial') return <circle class="initial" cx={x + width / 2} cy={y + height / 2} r={width / 2} />;
  const classes = [
    'box',
    `depth-${Math.min(depth, 3)}`,
    kind,
    `tone-${tone ?? 'none'}`,
    active.has(box.id) ? 'lit' : '',
    isRegion ? 'region' : '',
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
        <text
          class="caption"
          x={beside.x + 8}
          y={beside.y + 14}
          {...squeezed(besideCaption(box), 'runs', beside.width - 16)}
        >
          {besideCaption(box)}
          <title>{`These hold in every state inside ${box.key}.`}</title>
        </text>
      )}
      {kind === 'history' && (
        <g class="medal">
          <circle cx={title.x - 14} cy={y + 15} r={10} />
          <text x={title.x - 14} y={y + 19} text-anchor="middle">
            {box.history === 'deep' ? 'H*' : 'H'}
          </text>
        </g>
      )}
      <text class="title" x={title.x} y={title.y} {...squeezed(box.name, 'title', title.name)}>
        {box.name}
      </text>
      {besidesOf(box) !== '' && (
        <text
          class="runs"
          x={title.x + title.name + 10}
          y={title.y}
          {...squeezed(besidesOf(box), 'runs', title.width - title.name - 10)}
        >
          {besidesOf(box)}
          <title>{`${runsOf(box)} as long as ${box.key} is active.`}</title>
        </text>
      )}
      <title>{sentenceOf(box)}</title>
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
        <RowWords
          key={textOf({ rows: [row] })}
          row={row}
          to={arrow?.to}
          send={isOpen && isSendable(row) ? onEvent : undefined}
        />
      ))}
    </g>
  );
}

function RowWords({ row, to, send }: { row: LabelRow; to: string | undefined; send: Send }) {
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
      <title>{told(line, to)}</title>
    </g>
  );
}

function WordSpan({ role, text, x, y, width }: PlacedWord) {
  return (
    <tspan class={role} x={x} y={y} {...squeezed(text, role, width)}>
      {text}
    </tspan>
  );
}

/** In a font that is wider than expected, words are squeezed rather than overlap. */
function squeezed(text: string, role: Role, width: number) {
  const isWide = ruler !== undefined && ruler(text, role) > width + 0.5;
  return isWide ? { textLength: width, lengthAdjust: 'spacingAndGlyphs' as const } : {};
}

const ruler: Measure | undefined = typeof document === 'undefined' ? undefined : measureByCanvas();

/** Regions of parallel states, each with the lines that divide it from those before it and above it. */
function regionsIn({ boxes }: Layout): Map<string, string> {
  const found = new Map<string, string>();
  for (const parent of boxes) {
    if (parent.kind !== 'parallel') continue;
    const regions = boxes.filter((box) => box.parent === parent.id && box.kind !== 'initial');
    const left = Math.min(...regions.map(({ x }) => x));
    const top = Math.min(...regions.map(({ y }) => y));
    const below = Math.max(...regions.map(({ y, height }) => y + height));
    for (const { id, x, y, width, height } of regions) {
      const isLast = y + height === below;
      const isRight = x + width === Math.max(...regions.map((each) => each.x + each.width));
      const down = x > left ? `M${x} ${y}V${isLast ? parent.y + parent.height : y + height}` : '';
      const isUnder = y > top || parent.beside !== undefined;
      const across = `M${x > left ? x : parent.x} ${y}H${isRight ? parent.x + parent.width : x + width}`;
      found.set(id, down + (isUnder ? across : ''));
    }
  }
  return found;
}

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

/** What a row of words means, in a sentence. */
function told({ event, kind, words, whole, actions }: TextLine, to: string | undefined): string {
  const delay = delayOf(event);
  const guard = words.find(({ role }) => role === 'guard')?.text.slice(1, -1);
  const isElse = words.some(({ role, text }) => role === 'soft' && text === 'else');
  let when = `On ${event}`;
  if (delay !== undefined) when = `When ${delay} has passed`;
  else if (event === '') when = 'At once';
  else if (event === '*') when = 'On any event';
  else if (/^(done|error)\./.test(event))
    when = `On ${textOfLine({ words: words.filter(({ role }) => role !== 'guard') })}`;
  if (guard !== undefined) when += `, if ${guard} holds`;
  else if (isElse) when += ', if nothing else holds';
  let where = 'it stays as it is';
  if (kind === 'loop') where = 'the state begins anew';
  else if (to !== undefined) where = `to ${to.split('.').at(-1)}`;
  return [whole, `${when}: ${where}.`, ...aside('Does', actions)].filter((each) => each !== undefined).join('\n');
}

function sentenceOf({ key, name, kind, history, entry, exit }: PlacedBox): string {
  const lines = name === key ? [] : [key];
  if (kind === 'history')
    lines.push(
      `Back to where it was last${history === 'deep' ? ', however deep' : ''}; at first to where its arrow leads.`,
    );
  if (kind === 'parallel') lines.push('Its parts are all active at once.');
  if (kind === 'final') lines.push('The end.');
  return [...lines, ...aside('On entry', entry), ...aside('On exit', exit)].join('\n');
}

function runsOf({ runs }: PlacedBox): string {
  return runs.length === 1 ? `The actor ${runs[0]} runs` : `The actors ${runs.join(', ')} run`;
}

function aside(what: string, names: string[]): string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
}
