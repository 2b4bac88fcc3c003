/** A picture of a page in a third of the bytes: Chromium writes every dot as three, where a page has few colours. */
import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** Dots of colours that differ by no more than this, squared and summed, may share one. */
const alike = 24;
const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);

/**
 * @param {Buffer} png 8 bits a colour, not interlaced, without transparency: as Chromium's screenshots are
 * @returns {Buffer} the same with 256 colours at most, those that most dots have
 */
export function smaller(png) {
  const { width, height, dots } = read(png);
  const counts = new Map();
  for (const dot of dots) counts.set(dot, (counts.get(dot) ?? 0) + 1);
  const colours = [...counts.keys()].toSorted((a, b) => counts.get(b) - counts.get(a));
  const palette = [];
  for (const colour of colours) {
    if (palette.length === 256) break;
    if (palette.every((other) => distance(colour, other) > alike)) palette.push(colour);
  }
  const places = new Map(colours.map((colour) => [colour, nearest(palette, colour)]));
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rows[y * (width + 1) + 1 + x] = places.get(dots[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // 8 bits each, by palette.
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function read(png) {
  let head = Buffer.alloc(0);
  const packed = [];
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    const type = png.toString('latin1', at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') head = data;
    if (type === 'IDAT') packed.push(data);
    at += 12 + length;
  }
  const [width, height, size] = [head.readUInt32BE(0), head.readUInt32BE(4), head[9] === 2 ? 3 : 4];
  const rows = inflateSync(Buffer.concat(packed));
  const length = width * size;
  const dots = new Uint32Array(width * height);
  let above = Buffer.alloc(length);
  for (let y = 0; y < height; y += 1) {
    const filter = rows[y * (length + 1)];
    const row = rows.subarray(y * (length + 1) + 1, (y + 1) * (length + 1));
    for (let i = 0; i < length; i += 1) {
      const [left, corner] = i < size ? [0, 0] : [row[i - size], above[i - size]];
      row[i] += foreseen[filter](left, above[i], corner);
    }
    for (let x = 0; x < width; x += 1)
      dots[y * width + x] = (row[x * size] << 16) | (row[x * size + 1] << 8) | row[x * size + 2];
    above = row;
  }
  return { width, height, dots };
}

/** The filters of PNG, by their numbers. */
const foreseen = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, corner) => {
    const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
    return a <= b && a <= c ? left : b <= c ? up : corner;
  },
];

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)]);
}

function distance(one, other) {
  return [16, 8, 0].reduce((sum, shift) => sum + (((one >> shift) & 255) - ((other >> shift) & 255)) ** 2, 0);
}

function nearest(palette, colour) {
  let best = 0;
  let least = Infinity;
  for (const [i, each] of palette.entries()) {
    const far = distance(colour, each);
    if (far < least) [best, least] = [i, far];
  }
  return best;
}
