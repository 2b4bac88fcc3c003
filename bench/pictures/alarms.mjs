/** Seconds until a dead line is noticed, against needless reconnections: whoever is left and low has both. */
import * as Plot from '@observablehq/plot';

import { placed } from './labels.mjs';
import { plot, sheet, ticksOf, width, words } from './paper.mjs';

const height = 430;
const frame = { left: 46, right: width - 20, top: 44, bottom: height - 46 };
const symbols = ['square', 'diamond', 'triangle', 'star', 'cross', 'wye', 'hexagon'];

/** @param kinds the columns of needless reconnections: the worst of them counts */
export function alarms(results, { theme, alt, source, text: { columnOf, numberOf } }, { notice, kinds, across, up }) {
  for (const key of [notice, ...kinds]) columnOf(results, key);
  const points = results.rows
    .filter(({ onSystole }) => onSystole !== true)
    .map((row) => ({
      ...row,
      x: numberOf(row.cells[notice]),
      y: Math.max(...kinds.map((kind) => numberOf(row.cells[kind]) ?? Number.NaN)),
    }));
  const found = points.filter(({ x, y }) => x !== undefined && !Number.isNaN(y));
  const there = found.filter((point) => !found.some((other) => isBetter(other, point)));
  const never = [...new Set(points.map(({ peer }) => peer))].filter((name) => there.every(({ peer }) => peer !== name));
  const peers = [...new Set(there.map(({ peer }) => peer))].toSorted(
    (a, b) => Number(b === 'systole') - Number(a === 'systole'),
  );
  const others = peers.filter((peer) => peer !== 'systole');
  const colour = ({ peer }) => (peer === 'systole' ? theme.ours : theme.many[others.indexOf(peer) % theme.many.length]);
  const symbol = ({ peer }) => (peer === 'systole' ? 'circle' : symbols[others.indexOf(peer) % symbols.length]);
  const isOurs = ({ peer }) => peer === 'systole';
  const paths = there.toSorted((a, b) => a.x - b.x);

  const xs = there.map(({ x }) => x);
  const options = {
    width,
    height,
    marginLeft: frame.left,
    marginRight: width - frame.right,
    marginTop: frame.top,
    marginBottom: height - frame.bottom,
    x: { type: 'log', axis: null, domain: [Math.min(...xs) / 1.25, Math.max(...xs) * 1.5] },
    // A zero is on it, and the small ones are apart.
    y: { type: 'symlog', constant: 2, domain: [0, Math.max(...there.map(({ y }) => y), 10) * 1.4] },
    symbol: { type: 'identity' },
  };
  const ticks = [0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40].filter(
    (tick) => tick >= options.x.domain[0] && tick <= options.x.domain[1],
  );
  const counts = [0, 1, 3, 10, 30, 100, 300, 1_000].filter((count) => count <= options.y.domain[1]);
  const marks = [
    Plot.gridX(ticks, { stroke: theme.grid, strokeOpacity: 1 }),
    Plot.gridY(counts, { stroke: theme.grid, strokeOpacity: 1 }),
    Plot.ruleY([0], { stroke: theme.faint }),
    ticksOf(ticks, ' s'),
    Plot.axisY(counts, { tickFormat: (count) => `${count}`, tickSize: 0, label: null }),
    Plot.line(paths, { x: 'x', y: 'y', z: 'peer', stroke: colour, strokeWidth: 1.2, strokeOpacity: 0.75 }),
    Plot.line(paths.filter(isOurs), { x: 'x', y: 'y', z: 'peer', stroke: theme.ours, strokeWidth: 3 }),
    Plot.dot(
      there.filter((point) => !isOurs(point)),
      { x: 'x', y: 'y', symbol, fill: colour, stroke: theme.background, r: 5.5 },
    ),
    Plot.dot(there.filter(isOurs), {
      x: 'x',
      y: 'y',
      fill: theme.ours,
      stroke: theme.background,
      r: 8,
      strokeWidth: 1.5,
    }),
  ];

  const sketch = plot(theme, { ...options, marks });
  const at = ({ x, y }) => [sketch.scale('x').apply(x), sketch.scale('y').apply(y)];
  const linesOf = (peer) => paths.filter((point) => point.peer === peer).map(at);
  const labels = placed(
    [
      { name: 'systole', places: linesOf('systole').toReversed() },
      ...paths.filter(isOurs).map((point) => ({ name: point.settings ?? '', places: [at(point)] })),
      // Those that need the most room have the choice.
      ...others
        .toSorted((a, b) => b.length - a.length)
        .map((peer) => ({ name: peer, places: linesOf(peer).toReversed() })),
    ],
    { taken: there.map(at), lines: peers.map(linesOf), frame },
  );
  const named = labels.map(({ name, x, y, anchor }) =>
    Plot.text([name], {
      x: () => sketch.scale('x').invert(x),
      y: () => sketch.scale('y').invert(y),
      textAnchor: anchor,
      fill: peers.includes(name) ? colour({ peer: name }) : theme.faint,
      fontWeight: name === 'systole' ? 700 : 400,
      stroke: theme.background,
      strokeWidth: 3,
    }),
  );
  const below = [
    'Of each library, only those of its settings that none of its others beats on both counts.',
    ...(never.length > 0 ? [`Never noticed by ${never.join(', ')}.`] : []),
  ].map((text, i) => words(theme, { text, x: 12, y: height + 8 + 16 * i, colour: theme.faint }));
  return sheet(theme, {
    height: height + 4 + 16 * below.length,
    alt,
    source,
    parts: [
      { part: plot(theme, { ...options, marks: [...marks, ...named] }) },
      words(theme, { text: `↑ ${up}`, x: 12, y: 22, weight: 600 }),
      {
        ...words(theme, { text: `${across} →`, x: width - 20 - across.length * 6.8 - 14, y: height - 12, weight: 600 }),
      },
      ...below,
    ],
  });
}

/** Another setting of the same library, with which it is not worse in either and better in one. */
function isBetter(other, point) {
  return (
    other.peer === point.peer && other.x <= point.x && other.y <= point.y && (other.x < point.x || other.y < point.y)
  );
}
