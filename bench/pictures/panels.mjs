/** A line for each library, and beside each other what was found of it: bars, or dots where there are several figures in a panel. */
import * as Plot from '@observablehq/plot';

import { fontSize, plot, sheet, ticksOf, width, words } from './paper.mjs';

/** Of one, and of two where a name is longer than `longest`, letters. */
const [line, twoLines] = [21, 36];
const longest = 34;
const head = 26;
const foot = 10;
/** For figures at an axis, px. */
const axis = 18;
/** Of several in a line, in their order. */
const symbols = ['circle', 'diamond', 'square'];
/** px for each letter, in a wide font: who looks at a picture may have another one than who has drawn it. */
const letter = 6.6;
const bold = 7.6;

/**
 * @param panels `{ title, value, most?, part? }`, all but the title columns' keys: a bar up to `value`, a whisker from there to `most`, which stands in
 * brackets; or of the bar all but `part`, in brackets too, lighter; or `{ title, dots }`, with the columns' keys
 * @param by which column orders the lines, before the first panel's
 */
export function panels(
  results,
  { theme, alt, source, text: { columnOf, nameOf, numberOf, shown } },
  { panels: all, by, note },
) {
  const { rows } = results;
  const dotted = all.flatMap(({ dots: keys }) => keys ?? []);
  const multiples = rows.flatMap(({ cells }) => dotted.map((key) => numberOf(cells[key]) ?? 1));
  const domain = [Math.min(0.9, ...multiples) * 0.94, Math.max(2, ...multiples) * 1.15];
  const ticks = [0.25, 0.5, 1, 2, 4, 8, 16, 32].filter((tick) => tick > domain[0] && tick < domain[1]);
  const first = all[0].value ?? all[0].dots[0];
  const sizeOf = (row, key) => numberOf(row.cells[key]) ?? Number.MAX_VALUE;
  const lines = rows
    .map((row) => ({ ...row, name: nameOf(row) }))
    .toSorted((a, b) => sizeOf(a, by ?? first) - sizeOf(b, by ?? first) || sizeOf(a, first) - sizeOf(b, first));
  const isLong = lines.some(({ name }) => name.length > longest);
  const widths = lines.flatMap(({ peer, name }) =>
    (isLong ? name.split(', ') : [name]).map(({ length }) => length * (peer === 'systole' ? bold : letter)),
  );
  const names = Math.max(...widths) + 14;
  const marginBottom = foot + (dotted.length > 0 ? axis : 0);
  const height = head + (isLong ? twoLines : line) * lines.length + marginBottom;
  const each = (width - names) / all.length;
  const common = {
    height,
    marginTop: head,
    marginBottom,
    y: { type: 'band', domain: lines.map(({ name }) => name), axis: null },
  };
  const tone = (row) => (row.peer === 'systole' ? theme.ours : row.onSystole ? theme.oursToo : theme.others);
  const parts = all.flatMap((panel, i) => [
    {
      part: plot(theme, { ...common, width: each, marginLeft: 8, ...drawn(panel) }),
      x: names + i * each,
    },
    words(theme, { text: panel.title, x: names + i * each + 8, y: 16, weight: 600 }),
  ]);
  const who = (text) =>
    text({
      y: 'name',
      text: ({ name }) => (isLong ? name.replace(', ', '\n') : name),
      frameAnchor: 'right',
      fill: (row) => (row.peer === 'systole' ? theme.ours : theme.ink),
    });
  const sign = plot(theme, { ...common, width: names, marginLeft: 4, marginRight: 2, marks: oursBold(who) });
  const below = (note ?? []).map((text, i) =>
    words(theme, { text, x: 12, y: height + 8 + i * 16, colour: theme.faint }),
  );
  return sheet(theme, {
    height: height + (below.length > 0 ? 4 + below.length * 16 : 0),
    alt,
    source,
    parts: [{ part: sign }, ...parts, ...below],
  });

  function oursBold(mark) {
    return [true, false].map((isOurs) =>
      mark((options, of = lines) =>
        Plot.text(
          of.filter(({ peer }) => (peer === 'systole') === isOurs),
          { ...options, fontWeight: isOurs ? 700 : 400 },
        ),
      ),
    );
  }

  function drawn(panel) {
    return panel.dots === undefined ? bars(panel) : dots(panel);
  }

  function bars({ value, most, part }) {
    const column = columnOf(results, value);
    const figures = lines.map((row) => {
      const [figure, slowest, light] = [value, most, part].map((key) => numberOf(row.cells[key]));
      // Without its noise, which the table has.
      const written = shown(figure ?? row.cells[value], column);
      const beside = slowest === figure ? light : (slowest ?? light ?? wordsOf(row.cells[most]));
      const behind = beside === undefined ? '' : ` (${shown(beside, { ...column, unit: '' })})`;
      return { ...row, figure, slowest, light, written: figure === undefined ? written : `${written}${behind}` };
    });
    const end = endOf(figures);
    const cut = (number) => Math.min(number, end);
    const there = figures.filter(({ figure }) => figure !== undefined);
    const room = Math.max(...figures.map(({ written, figure }) => (figure === undefined ? 0 : written.length)));
    return {
      marginRight: room * letter + 16,
      x: { domain: [0, end], axis: null },
      marks: [
        Plot.ruleX([0], { stroke: theme.faint }),
        Plot.barX(there, {
          y: 'name',
          x: (row) => cut(row.figure),
          fill: (row) => (row.light === undefined ? tone(row) : theme.oursToo),
          insetTop: 4,
          insetBottom: 4,
        }),
        Plot.barX(
          there.filter(({ light }) => light !== undefined),
          { y: 'name', x: (row) => cut(row.light), fill: tone, insetTop: 4, insetBottom: 4 },
        ),
        Plot.ruleY(
          there.filter(({ slowest }) => slowest !== undefined),
          {
            y: 'name',
            x1: (row) => cut(row.figure),
            x2: (row) => cut(row.slowest),
            stroke: theme.ink,
            strokeWidth: 1.5,
          },
        ),
        Plot.tickX(
          there.filter(({ slowest }) => slowest !== undefined && slowest <= end),
          { y: 'name', x: 'slowest', stroke: theme.ink, strokeWidth: 1.5, insetTop: 6, insetBottom: 6 },
        ),
        // A bar that is cut says so.
        Plot.text(
          there.filter((row) => row.figure > end),
          {
            y: 'name',
            x: () => end,
            text: () => '»',
            dx: -7,
            fill: theme.background,
            fontWeight: 700,
            fontSize: fontSize + 3,
          },
        ),
        ...oursBold((text) =>
          text(
            {
              y: 'name',
              x: (row) => cut(row.slowest ?? row.figure ?? 0),
              text: 'written',
              textAnchor: 'start',
              dx: 6,
              fill: (row) => (row.figure === undefined ? theme.faint : theme.ink),
            },
            figures,
          ),
        ),
      ],
    };
  }

  function dots({ dots: keys }) {
    for (const key of keys) columnOf(results, key);
    const figures = lines.flatMap((row) =>
      keys.map((key, i) => ({ ...row, figure: numberOf(row.cells[key]), symbol: symbols[i] })),
    );
    return {
      marginRight: 14,
      x: { type: 'log', domain, axis: null },
      symbol: { type: 'identity' },
      marks: [
        ticksOf(ticks),
        Plot.gridX(ticks, { stroke: theme.grid, strokeOpacity: 1 }),
        Plot.ruleX([1], { stroke: theme.faint }),
        Plot.ruleY(lines, { y: 'name', stroke: theme.grid, strokeOpacity: 0.6 }),
        Plot.dot(figures, {
          y: 'name',
          x: 'figure',
          symbol: 'symbol',
          fill: tone,
          stroke: theme.background,
          strokeWidth: 0.75,
          r: 4.5,
        }),
      ],
    };
  }
}

/** Such as "never in 45 s". */
function wordsOf(cell) {
  return typeof cell === 'string' ? cell : undefined;
}

/** Up to where bars are drawn: whoever is far from ours and from most others is cut, or nobody could tell these apart. */
function endOf(figures) {
  const there = figures.filter(({ figure }) => figure !== undefined);
  const ends = there.map(({ figure, slowest = figure }) => slowest).toSorted((a, b) => a - b);
  const ours = there.filter(({ peer }) => peer === 'systole').map(({ figure, slowest = figure }) => slowest);
  const far = 5 * Math.max(ends[Math.floor(ends.length / 2)] ?? 0, ...ours);
  return ends.findLast((end) => end <= far) || ends.at(-1) || 1;
}
