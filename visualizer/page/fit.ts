/**
 * Text as long as there is room: what does not fit is shortened in its middle, since names are told apart by both their ends.
 */

/** How wide a text is drawn, px. */
export type Ruler = (text: string) => number;

const mark = '…';
/** No room has more characters: nobody measures a text of megabytes. */
const most = 400;

export function fitted(text: string, width: number, ruler: Ruler): string {
  if (text.length <= most && ruler(text) <= width) return text;
  const characters = Array.from(text.length <= most ? text : text.slice(0, most) + text.slice(-most));
  let least = 0;
  let left = Math.min(characters.length - 1, most);
  while (least < left) {
    const middle = Math.ceil((least + left) / 2);
    if (ruler(ends(characters, middle)) <= width) least = middle;
    else left = middle - 1;
  }
  return ends(characters, least);
}

/** Texts beside one another: the longest give way first. */
export function fittedBeside(texts: readonly string[], width: number, ruler: Ruler): string[] {
  const widths = texts.map((text) => (text.length <= most ? ruler(text) : Infinity));
  let left = width;
  let share = Infinity;
  for (const [i, each] of widths.toSorted((a, b) => a - b).entries()) {
    share = left / (widths.length - i);
    if (each > share) break;
    left -= each;
    share = Infinity;
  }
  return texts.map((text, i) => (widths[i]! <= share ? text : fitted(text, share, ruler)));
}

function ends(characters: readonly string[], count: number): string {
  const head = Math.ceil(count / 2);
  return characters.slice(0, head).join('') + mark + characters.slice(characters.length - (count - head)).join('');
}

/** As the browser draws it. @param font as in CSS, such as `600 12px sans-serif` */
export function rulerOf(font: string): Ruler {
  const pen = document.createElement('canvas').getContext('2d');
  if (pen === null) return (text) => text.length * 8;
  pen.font = font;
  return (text) => pen.measureText(text).width;
}
