/** What part of a chart is seen, and how large: fitted to its container, or as the reader has dragged it. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Layout, PlacedBox, Rect } from './shapes.ts';

export interface View {
  /** px on screen per px of the layout. */
  scale: number;
  /** Where the layout's origin is on screen. */
  x: number;
  y: number;
}

export interface Viewport extends View {
  isDragged: boolean;
  /** Whether it goes there smoothly: where a key, a button or the machine moved it, not where a hand does. */
  glides: boolean;
  width: number;
  height: number;
  zoom: (factor: number) => void;
  pan: (x: number, y: number) => void;
  fit: () => void;
}

/** Below this width, in px, a chart shows the surroundings of the current state rather than all of it. */
const compactBelow = 560;
const limits = { least: 0.2, most: 4 };

export function useView(
  element: { readonly current: SVGSVGElement | null },
  layout: Layout | undefined,
  current: PlacedBox | undefined,
): Viewport {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [chosen, choose] = useState<View | undefined>(undefined);
  const [isDragged, setDragged] = useState(false);
  const fitted = useMemo(() => fit(layout, size, current), [layout, size, current]);
  const view = chosen ?? fitted;
  const now = useRef(view);
  now.current = view;
  const glides = useRef(false);
  const shown = useRef({ layout, size, current });
  if (shown.current.layout !== layout || shown.current.size !== size) glides.current = false;
  else if (shown.current.current !== current) glides.current = true;
  shown.current = { layout, size, current };

  useEffect(() => choose(undefined), [layout]);

  const zoomAt = useCallback((factor: number, x: number, y: number) => {
    const { scale, x: left, y: top } = now.current;
    const next = Math.min(limits.most, Math.max(limits.least, scale * factor));
    const grown = next / scale;
    now.current = { scale: next, x: x - (x - left) * grown, y: y - (y - top) * grown };
    choose(now.current);
  }, []);
  const pan = useCallback((x: number, y: number) => {
    const { scale, x: left, y: top } = now.current;
    now.current = { scale, x: left + x, y: top + y };
    choose(now.current);
  }, []);

  useEffect(() => {
    const svg = element.current;
    if (svg === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(svg);
    const stop = new AbortController();
    const { signal } = stop;
    const fingers = new Map<number, { x: number; y: number }>();
    const at = (event: MouseEvent) => {
      const { left, top } = svg.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    // A click on a transition must not become a drag, nor the other way round.
    let isMoving = false;
    svg.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        glides.current = false;
        const { x, y } = at(event);
        if (event.shiftKey) pan(-(event.deltaX || event.deltaY), 0);
        else zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015) * (event.deltaMode === 1 ? 16 : 1)), x, y);
      },
      { signal, passive: false },
    );
    svg.addEventListener(
      'pointerdown',
      (event) => {
        if (event.button !== 0) return;
        fingers.set(event.pointerId, at(event));
        isMoving = fingers.size > 1;
      },
      { signal },
    );
    svg.addEventListener(
      'pointermove',
      (event) => {
        const before = fingers.get(event.pointerId);
        if (before === undefined) return;
        const after = at(event);
        if (!isMoving && Math.hypot(after.x - before.x, after.y - before.y) < 4) return;
        if (!isMoving) {
          isMoving = true;
          svg.setPointerCapture(event.pointerId);
        }
        setDragged(true);
        glides.current = false;
        const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
        fingers.set(event.pointerId, after);
        if (other === undefined) {
          pan(after.x - before.x, after.y - before.y);
          return;
        }
        const apart = (point: typeof other) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
        pan((after.x - before.x) / 2, (after.y - before.y) / 2);
        zoomAt(apart(after) / apart(before), (after.x + other.x) / 2, (after.y + other.y) / 2);
      },
      { signal },
    );
    const lift = (event: PointerEvent) => {
      fingers.delete(event.pointerId);
      if (fingers.size === 0) setDragged(false);
    };
    svg.addEventListener('pointerup', lift, { signal });
    svg.addEventListener('pointercancel', lift, { signal });
    svg.addEventListener(
      'click',
      (event) => {
        if (isMoving) event.stopPropagation();
        isMoving = false;
      },
      { signal, capture: true },
    );
    return () => {
      observer.disconnect();
      stop.abort();
    };
  }, [element, pan, zoomAt]);

  return {
    ...view,
    ...size,
    isDragged,
    glides: glides.current,
    zoom: gliding((factor: number) => zoomAt(factor, size.width / 2, size.height / 2)),
    pan: gliding(pan),
    fit: gliding(() => choose(undefined)),
  };

  function gliding<Arguments extends unknown[]>(move: (...args: Arguments) => void) {
    return (...args: Arguments) => {
      glides.current = true;
      move(...args);
    };
  }
}

function fit(
  layout: Layout | undefined,
  size: { width: number; height: number },
  current: PlacedBox | undefined,
): View {
  if (layout === undefined || size.width === 0) return { scale: 1, x: 0, y: 0 };
  const all: Rect = { x: 0, y: 0, width: layout.width, height: layout.height };
  if (size.width >= compactBelow || current === undefined) return centred(all, size, 1.6);
  const sight = 44;
  const around = {
    x: current.x - sight,
    y: current.y - sight,
    width: current.width + 2 * sight,
    height: current.height + 2 * sight,
  };
  const scale = Math.min(1.25, Math.max(0.92, size.width / around.width));
  return inside(centred(around, size, scale, scale), all, size);
}

function centred(
  { x, y, width, height }: Rect,
  size: { width: number; height: number },
  most: number,
  least = 0,
): View {
  const scale = Math.max(least, Math.min(most, size.width / width, size.height / height));
  return { scale, x: size.width / 2 - (x + width / 2) * scale, y: size.height / 2 - (y + height / 2) * scale };
}

/** No more emptiness at its sides than there must be. */
function inside({ scale, x, y }: View, all: Rect, size: { width: number; height: number }): View {
  const hold = (place: number, extent: number, room: number) =>
    extent * scale <= room ? (room - extent * scale) / 2 : Math.min(0, Math.max(room - extent * scale, place));
  return { scale, x: hold(x, all.width, size.width), y: hold(y, all.height, size.height) };
}
