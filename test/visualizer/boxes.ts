/**
 * Measures what is on a page as a reader sees it, in the page itself: texts that are cut off, that lie on one another or are crossed by lines, that are too small,
 * and what sticks out sideways. What it finds is said in words, with the boxes.
 */
import type { Page } from 'playwright';

/** CSS px. */
export const smallest = 10;

/** All that is wrong, a sentence each; none: []. */
export function faultsOn(page: Page): Promise<string[]> {
  return page.evaluate(measure, { smallest });
}

/** Where what people press is: text → where its left upper corner is. */
export function placesOn(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => {
    const places: Record<string, string> = {};
    for (const each of document.querySelectorAll(
      '.state, .controls, .controls button, .teller button, .log, .chart.panel, .heart',
    )) {
      const { left, top } = each.getBoundingClientRect();
      const key = each.matches('button')
        ? `button ${[...each.parentElement!.children].indexOf(each)} of ${each.parentElement!.className}`
        : each.className;
      places[key] = `${Math.round(left + scrollX)}, ${Math.round(top + scrollY)}`;
    }
    return places;
  });
}

/** Runs in the page: it sees nothing of this file. */
function measure({ smallest: least }: { smallest: number }): string[] {
  interface Rect {
    left: number;
    top: number;
    right: number;
    bottom: number;
  }
  interface Text {
    element: Element;
    text: string;
    /** A rectangle for each line, as far as it is in sight. */
    rects: Rect[];
  }

  const faults = new Set<string>();
  const named = (element: Element) => {
    const names = [...element.classList].map((name) => `.${name}`).join('');
    const parent = element.parentElement;
    const own = `${element.localName}${names}`;
    return parent === null || parent === document.body
      ? own
      : `${parent.localName}${[...parent.classList].map((name) => `.${name}`).join('')} > ${own}`;
  };
  const short = (text: string) => JSON.stringify(text.trim().replaceAll(/\s+/g, ' ').slice(0, 60));
  const boxOf = ({ left, top, right, bottom }: Rect) =>
    `[${left.toFixed(1)}, ${top.toFixed(1)}, ${(right - left).toFixed(1)} × ${(bottom - top).toFixed(1)}]`;
  const within = (a: Rect, b: Rect): Rect => ({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const isEmpty = ({ left, top, right, bottom }: Rect) => right - left < 0.5 || bottom - top < 0.5;
  const styles = new Map<Element, CSSStyleDeclaration>();
  const styleOf = (element: Element) => {
    let style = styles.get(element);
    if (style === undefined) styles.set(element, (style = getComputedStyle(element)));
    return style;
  };

  /** Said, and not shown. */
  const isForEars = (element: Element) => {
    for (let each: Element | null = element; each !== null; each = each.parentElement) {
      const { clipPath, overflowX } = styleOf(each);
      if (clipPath.startsWith('inset(50%')) return true;
      if (overflowX === 'hidden' && each instanceof HTMLElement && each.clientWidth <= 1 && each.clientHeight <= 1)
        return true;
    }
    return false;
  };
  const isSeen = (element: Element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !isForEars(element);

  /** What an element does with what is larger than itself, along each axis: shows it, cuts it off, or has it scrolled into sight. */
  const ways = (element: Element): { x: 'shows' | 'cuts' | 'scrolls'; y: 'shows' | 'cuts' | 'scrolls' } => {
    if (element.localName === 'svg' && element.closest('.statechart') !== null) return { x: 'scrolls', y: 'scrolls' };
    const { overflowX, overflowY, display } = styleOf(element);
    if (display === 'inline' || display === 'contents') return { x: 'shows', y: 'shows' };
    const way = (overflow: string) =>
      overflow === 'hidden' || overflow === 'clip' ? 'cuts' : overflow === 'visible' ? 'shows' : 'scrolls';
    return { x: way(overflowX), y: way(overflowY) };
  };
  const insideOf = (element: Element): Rect => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    if (!(element instanceof HTMLElement)) return { left, top, right, bottom };
    const { borderLeftWidth, borderTopWidth, borderRightWidth, borderBottomWidth } = styleOf(element);
    return {
      left: left + Number.parseFloat(borderLeftWidth),
      top: top + Number.parseFloat(borderTopWidth),
      right: right - Number.parseFloat(borderRightWidth),
      bottom: bottom - Number.parseFloat(borderBottomWidth),
    };
  };

  const scaleOf = (element: Element): number => {
    if (element instanceof SVGGraphicsElement) {
      const { a = 1, b = 0 } = element.getScreenCTM() ?? {};
      return Math.hypot(a, b);
    }
    const box = element as HTMLElement;
    return box.offsetWidth > 0 && styleOf(box).display !== 'inline'
      ? box.getBoundingClientRect().width / box.offsetWidth
      : 1;
  };

  const texts: Text[] = [];
  const take = (element: Element, text: string, lines: Rect[]) => {
    const rects: Rect[] = [];
    for (const line of lines) {
      let seen = line;
      for (let each: Element | null = element; each !== null && !isEmpty(seen); each = each.parentElement) {
        const { x, y } = ways(each);
        if (x === 'shows' && y === 'shows') continue;
        const inside = insideOf(each);
        const by = {
          x: Math.max(inside.left - seen.left, seen.right - inside.right),
          y: Math.max(inside.top - seen.top, seen.bottom - inside.bottom),
        };
        if ((x === 'cuts' && by.x > 1) || (y === 'cuts' && by.y > 1)) {
          const how =
            x === 'cuts' && by.x > 1 ? `${by.x.toFixed(1)} px of its width` : `${by.y.toFixed(1)} px of its height`;
          faults.add(
            `clipped: ${short(text)} in ${named(element)} ${boxOf(line)}: ${how}, by ${named(each)} ${boxOf(inside)}`,
          );
        }
        seen = within(seen, {
          left: x === 'shows' ? -Infinity : inside.left,
          right: x === 'shows' ? Infinity : inside.right,
          top: y === 'shows' ? -Infinity : inside.top,
          bottom: y === 'shows' ? Infinity : inside.bottom,
        });
      }
      if (!isEmpty(seen)) rects.push(seen);
    }
    if (rects.length === 0) return;
    texts.push({ element, text, rects });
    const size = Number.parseFloat(styleOf(element).fontSize) * scaleOf(element);
    if (size < least - 0.05)
      faults.add(`small: ${short(text)} in ${named(element)} ${boxOf(rects[0]!)}: ${size.toFixed(1)} px`);
  };

  /** Without the blanks at its ends. Of SVG the element knows where it is, if letters are squeezed (`textLength`); a range does not. */
  const placeOf = (node: globalThis.Text, element: Element) => {
    if (element instanceof SVGElement && element.childElementCount === 0) return element;
    const range = document.createRange();
    range.setStart(node, node.data.length - node.data.trimStart().length);
    range.setEnd(node, node.data.trimEnd().length);
    return range;
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() !== null) {
    const node = walker.currentNode as globalThis.Text;
    const element = node.parentElement;
    if (element === null || node.data.trim() === '') continue;
    if (
      element.closest('script, style, noscript, datalist, select, textarea, title, desc') !== null ||
      !isSeen(element)
    )
      continue;
    take(
      element,
      node.data,
      [...placeOf(node, element).getClientRects()].filter((rect) => !isEmpty(rect)),
    );
    // An ellipsis: what is left out has no rectangle.
    for (let each: HTMLElement | null = element; each !== null; each = each.parentElement) {
      const { x, y } = ways(each);
      if (x === 'cuts' && styleOf(each).textOverflow !== 'clip' && each.scrollWidth > each.clientWidth + 1)
        faults.add(
          `clipped: ${short(each.textContent)} in ${named(each)} ${boxOf(each.getBoundingClientRect())}: it is ${each.scrollWidth} px wide`,
        );
      if (y === 'cuts' && each === element && each.scrollHeight > each.clientHeight + 1)
        faults.add(
          `clipped: ${short(each.textContent)} in ${named(each)} ${boxOf(each.getBoundingClientRect())}: it is ${each.scrollHeight} px high`,
        );
    }
  }

  // Fields hold texts that are nobody's nodes.
  const canvas = document.createElement('canvas').getContext('2d')!;
  for (const field of document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input, select')) {
    if (
      !isSeen(field) ||
      (field instanceof HTMLInputElement && ['checkbox', 'radio', 'range', 'file'].includes(field.type))
    )
      continue;
    const text =
      field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.text ?? '') : field.value || field.placeholder;
    const style = styleOf(field);
    canvas.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { left, top, right, bottom } = insideOf(field);
    const box = {
      left: left + Number.parseFloat(style.paddingLeft),
      top,
      right: right - Number.parseFloat(style.paddingRight),
      bottom,
    };
    const arrow = field instanceof HTMLSelectElement && style.appearance !== 'none' ? 16 : 0;
    const room = box.right - box.left - arrow;
    const { width } = canvas.measureText(text);
    // What people type may be as long as they like.
    const isOurs = field instanceof HTMLSelectElement || field.value === '';
    if (isOurs && width > room + 1)
      faults.add(
        `clipped: ${short(text)} in ${named(field)} ${boxOf(box)}: it is ${width.toFixed(1)} px wide, and has ${room.toFixed(1)}`,
      );
    take(field, text, [{ ...box, right: Math.min(box.right, box.left + width) }]);
  }

  // What a canvas wrote nothing else knows: the trace says where its labels stand, in a row at its top.
  for (const trace of document.querySelectorAll<HTMLElement>('[data-labels]')) {
    if (!isSeen(trace)) continue;
    const { left, top, right, bottom } = trace.getBoundingClientRect();
    for (const { text, x, width } of JSON.parse(trace.dataset['labels']!) as {
      text: string;
      x: number;
      width: number;
    }[]) {
      const rect = { left: left + x, top, right: left + x + width, bottom: top + 15 };
      if (rect.left < left - 1 || rect.right > right + 1)
        faults.add(
          `clipped: ${short(text)} on ${named(trace)} ${boxOf(rect)}: by its edge ${boxOf({ left, top, right, bottom })}`,
        );
      // Each an element of its own, for it is compared with the others.
      const element = document.createElement('label');
      texts.push({ element, text, rects: [rect] });
    }
  }

  /** An opaque piece that lies over the page, and holds one of them: what is below it is not seen. */
  const covering = (a: Element, b: Element) => {
    for (let each: Element | null = a; each !== null && !each.contains(b); each = each.parentElement) {
      const { position, backgroundColor } = styleOf(each);
      if (position !== 'static' && position !== 'relative' && /^rgb\(|^color\((?!.*\/)/.test(backgroundColor))
        return true;
    }
    return false;
  };
  for (const [i, a] of texts.entries()) {
    for (const b of texts.slice(i + 1)) {
      if (a.element === b.element) continue;
      for (const one of a.rects) {
        for (const other of b.rects) {
          const both = within(one, other);
          if (both.right - both.left <= 1.5 || both.bottom - both.top <= 1.5) continue;
          if (covering(a.element, b.element) || covering(b.element, a.element)) continue;
          faults.add(
            `overlap: ${short(a.text)} in ${named(a.element)} ${boxOf(one)} and ${short(b.text)} in ${named(b.element)} ${boxOf(other)}: ${(both.right - both.left).toFixed(1)} × ${(both.bottom - both.top).toFixed(1)} px`,
          );
        }
      }
    }
  }

  // Arrows, point by point, on screen. At its very edge a text may be touched: letters are less high than their box.
  for (const line of document.querySelectorAll<SVGPathElement>('svg path.line')) {
    const matrix = line.getScreenCTM();
    if (matrix === null || !isSeen(line)) continue;
    const frame = line.ownerSVGElement!.getBoundingClientRect();
    const around = line.getBoundingClientRect();
    const near = texts.filter(
      ({ element, rects }) =>
        line.ownerSVGElement!.contains(element) &&
        rects.some(
          ({ left, top, right, bottom }) =>
            left <= around.right && right >= around.left && top <= around.bottom && bottom >= around.top,
        ),
    );
    if (near.length === 0) continue;
    const length = line.getTotalLength();
    const step = 3 / Math.hypot(matrix.a, matrix.b);
    for (let at = 0; at <= length; at += step) {
      const { x, y } = line.getPointAtLength(at).matrixTransform(matrix);
      if (x < frame.left || x > frame.right || y < frame.top || y > frame.bottom) continue;
      for (const { element, text, rects } of near) {
        for (const rect of rects) {
          const { left, top, right, bottom } = rect;
          const edge = (bottom - top) / 5;
          if (x < left + 1 || x > right - 1 || y < top + edge || y > bottom - edge) continue;
          faults.add(
            `struck: ${short(text)} in ${named(element)} ${boxOf(rect)}: an arrow runs through it, of ${named(line.parentElement!)}`,
          );
        }
      }
    }
  }

  // And the edges of boxes.
  for (const box of document.querySelectorAll<SVGRectElement>('.statechart rect.frame')) {
    if (!isSeen(box)) continue;
    const edges = box.getBoundingClientRect();
    for (const { element, text, rects } of texts) {
      if (!box.ownerSVGElement!.contains(element)) continue;
      for (const rect of rects) {
        const isBeside = rect.bottom - 3 < edges.top || rect.top + 3 > edges.bottom;
        const isAcross = [edges.left, edges.right].some((x) => x > rect.left + 1.5 && x < rect.right - 1.5);
        if (isAcross && !isBeside)
          faults.add(
            `struck: ${short(text)} in ${named(element)} ${boxOf(rect)}: the edge of ${named(box.parentElement!)} ${boxOf(edges)} runs through it`,
          );
      }
    }
  }

  // Sideways: of the page, and of whatever scrolls in it.
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.body.querySelectorAll('*')].filter((each) => {
      const { right, width } = each.getBoundingClientRect();
      return width > 0 && right + scrollX > clientWidth + 0.5 && !isForEars(each);
    });
    const widest = wide.slice(0, 5).map((each) => `${named(each)} ${boxOf(each.getBoundingClientRect())}`);
    faults.add(`wide: the page is ${scrollWidth} px, and the window ${clientWidth}: ${widest.join('; ')}`);
  }
  for (const each of document.body.querySelectorAll<HTMLElement>('*')) {
    if (ways(each).x !== 'scrolls' || each.localName === 'svg' || !isSeen(each)) continue;
    if (each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1)
      faults.add(`wide: ${named(each)} ${boxOf(each.getBoundingClientRect())}: its content is ${each.scrollWidth} px`);
  }
  return [...faults];
}
