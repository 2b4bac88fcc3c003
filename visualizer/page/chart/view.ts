/** The camera in the reader's hands: it shows all or follows by itself, and stays where it is put until it is asked to go on. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { around, fits, planFor, type Plan, type View, whole } from './camera.ts';
import type { Layout, Rect, Size } from './shapes.ts';

export interface Viewport extends View {
  plan: Plan;
  /** By itself: it shows all, or where that cannot be read it follows. */
  mode: 'by itself' | 'all' | 'by hand';
  isDragged: boolean;
  /** Whether it goes there smoothly: where a key, a button or the machine moved it, not where a hand does. */
  glides: boolean;
  zoom: (factor: number) => void;
  pan: (x: number, y: number) => void;
  /** The middle comes to a place of the layout. */
  lookAt: (x: number, y: number) => void;
  showAll: () => void;
  follow: () => void;
}

/** As chart.css has it. */
const pointer = () => (matchMedia('(pointer: coarse), (max-width: 860px)').matches ? 'coarse' : 'fine');
const limits = { least: 0.2, most: 4 };
const nothing: Plan = { follows: false, buttons: 'corner', room: { width: 0, height: 0 } };

export function useView(
  holder: { readonly current: HTMLElement | null },
  element: { readonly current: SVGSVGElement | null },
  layout: Layout | undefined,
  /** What matters, the widest sight first: the first that can be read as a whole is shown, or the last. */
  sights: readonly Rect[],
): Viewport {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [chosen, choose] = useState<View | 'all' | undefined>(undefined);
  const [isDragged, setDragged] = useState(false);
  const plan = useMemo(() => (layout && size.width > 0 ? planFor(layout, size, pointer()) : nothing), [layout, size]);
  const { follows, room } = plan;
  const current = useMemo(() => sights.find((each) => fits(each, room)) ?? sights.at(-1), [sights, room]);
  const fitted = useMemo(() => {
    if (layout === undefined || room.width === 0) return { scale: 1, x: 0, y: 0 };
    if (chosen === 'all' || !follows || current === undefined) return whole(layout, room);
    return around(current, layout, room);
  }, [layout, room, follows, current, chosen === 'all']);
  const view = typeof chosen === 'object' ? chosen : fitted;
  const now = useRef(view);
  now.current = view;
  const least = useRef(limits.least);
  if (layout !== undefined && room.width > 0) least.current = Math.min(limits.least, whole(layout, room).scale);
  const glides = useRef(false);
  const shown = useRef({ layout, size, current });
  if (shown.current.layout !== layout || shown.current.size !== size) glides.current = false;
  else if (shown.current.current !== current) glides.current = true;
  shown.current = { layout, size, current };

  useEffect(() => choose(undefined), [layout]);

  const zoomAt = useCallback((factor: number, x: number, y: number) => {
    const { scale, x: left, y: top } = now.current;
    const next = Math.min(limits.most, Math.max(least.current, scale * factor));
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
    if (holder.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(holder.current);
    return () => observer.disconnect();
  }, [holder]);

  useEffect(() => {
    const svg = element.current;
    if (svg === null) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const fingers = new Map<number, { x: number; y: number }>();
    const at = (event: MouseEvent) => {
      const { left, top } = svg.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    // Where the page scrolls (chart.css says where), one finger and the wheel are the page's.
    const isPassed = () => getComputedStyle(svg).touchAction !== 'none';
    // A click on a transition must not become a drag, nor the other way round.
    let isMoving = false;
    svg.addEventListener(
      'wheel',
      (event) => {
        if (isPassed() && !event.ctrlKey) return;
        event.preventDefault();
        glides.current = false;
        const { x, y } = at(event);
        if (event.shiftKey) pan(-(event.deltaX || event.deltaY), 0);
        else zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015) * (event.deltaMode === 1 ? 16 : 1)), x, y);
      },
      { signal, passive: false },
    );
    const holdPage = (event: TouchEvent) => {
      if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    };
    svg.addEventListener('touchstart', holdPage, { signal, passive: false });
    svg.addEventListener('touchmove', holdPage, { signal, passive: false });
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
        if (event.pointerType === 'touch' && fingers.size === 1 && isPassed()) {
          fingers.set(event.pointerId, after);
          return;
        }
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
    return () => stop.abort();
  }, [element, pan, zoomAt]);

  return {
    ...view,
    plan,
    mode: chosen === undefined ? 'by itself' : chosen === 'all' ? 'all' : 'by hand',
    isDragged,
    glides: glides.current,
    zoom: gliding((factor: number) => zoomAt(factor, room.width / 2, room.height / 2)),
    pan: gliding(pan),
    lookAt: gliding((x: number, y: number) => {
      const { scale } = now.current;
      choose({ scale, x: room.width / 2 - x * scale, y: room.height / 2 - y * scale });
    }),
    showAll: gliding(() => choose(follows ? 'all' : undefined)),
    follow: gliding(() => choose(undefined)),
  };

  function gliding<Arguments extends unknown[]>(move: (...args: Arguments) => void) {
    return (...args: Arguments) => {
      glides.current = true;
      move(...args);
    };
  }
}
