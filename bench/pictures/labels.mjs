/** Names beside what they name, where nothing else is. */

/** px, of a letter of `fontSize`. */
const letter = 6.6;
const height = 14;

/**
 * @param things `{ name, places: [x, y][] }`, the places of what bears the name in px; those that come first have the choice
 * @param taken `[x, y][]`, all that must not be covered
 * @param lines `[x, y][][]`, what had better not be
 * @param frame `{ left, right, top, bottom }`, px
 * @returns `{ name, x, y, anchor }` for each
 */
export function placed(things, { taken, lines, frame }) {
  const boxes = [...taken.map(([x, y]) => boxAround(x, y, 7, 7)), ...lines.flatMap(along)];
  return things.map(({ name, places }) => {
    const [half, gap] = [(name.length * letter) / 2, 9];
    const candidates = places.flatMap(([x, y]) => [
      ...[0, -8, 8, -13, 13, -20, 20].flatMap((down) => [
        { x: x + gap, y: y + down, anchor: 'start', box: boxAround(x + gap + half, y + down, half, height / 2) },
        { x: x - gap, y: y + down, anchor: 'end', box: boxAround(x - gap - half, y + down, half, height / 2) },
      ]),
      ...[-16, 16, -24, 24].map((down) => ({
        x,
        y: y + down,
        anchor: 'middle',
        box: boxAround(x, y + down, half, height / 2),
      })),
    ]);
    const costs = candidates.map(({ box }) =>
      boxes.reduce((sum, other) => sum + shared(box, other), outside(box, frame)),
    );
    const best = candidates[costs.indexOf(Math.min(...costs))];
    boxes.push(best.box);
    return { name, x: best.x, y: best.y, anchor: best.anchor };
  });
}

/** A line as small boxes. */
function along(line) {
  return line.slice(1).flatMap(([x, y], i) => {
    const [fromX, fromY] = line[i];
    const steps = Math.ceil(Math.hypot(x - fromX, y - fromY) / 4);
    return Array.from({ length: steps }, (_, step) =>
      boxAround(fromX + ((x - fromX) * step) / steps, fromY + ((y - fromY) * step) / steps, 3, 3),
    );
  });
}

function boxAround(x, y, halfWidth, halfHeight) {
  return { left: x - halfWidth, right: x + halfWidth, top: y - halfHeight, bottom: y + halfHeight };
}

/** px², of both. */
function shared(a, b) {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

/** Worse than any cover. */
function outside(box, frame) {
  const isInside =
    box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
  return isInside ? 0 : 1e6;
}
