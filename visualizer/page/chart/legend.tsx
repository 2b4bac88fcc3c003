/** What the signs of a chart mean; only those that are in it. */
import type { ComponentChildren } from 'preact';

import type { Layout } from './shapes.ts';

export function Legend({ id, layout }: { id: string; layout: Layout | undefined }) {
  return (
    <div id={id} class="statechart-legend" popover="auto" role="dialog" aria-label="What the signs mean">
      <h3>What the signs mean</h3>
      <dl>{layout && signsIn(layout)}</dl>
      <p>
        Drag to move, turn the wheel to zoom; on a touch screen, with two fingers. Keys: arrows, + and −, 0 for all of
        it, F to follow.
      </p>
    </div>
  );
}

function signsIn({ boxes, labels }: Layout) {
  const rows = labels.flatMap((label) => label.rows);
  const hasWord = (text: string) => rows.some(({ words }) => words.some((word) => word.text === text));
  const some = boxes.find(({ beside }) => beside !== undefined)?.name;
  const running = boxes.find(({ runs }) => runs.length > 0);
  return (
    <>
      <Sign sign={<Swatch class="now" />}>where it is now</Sign>
      {boxes.some(({ kind }) => kind === 'initial') && <Sign sign={<Dot />}>begins here</Sign>}
      <Sign sign="event">moves it along the arrow, from the state that the word stands in</Sign>
      {rows.some(({ words }) => words.some(({ role }) => role === 'guard')) && (
        <Sign sign="[guard]">only if this holds</Sign>
      )}
      {hasWord('else') && <Sign sign="else">if nothing else holds</Sign>}
      {hasWord('always') && <Sign sign="always">at once</Sign>}
      {hasWord('after') && <Sign sign="after">when that time is over; it counts down what is left</Sign>}
      {rows.some(({ line }) => line.kind === 'loop') && <Sign sign={<Loop />}>begins its own state anew</Sign>}
      {rows.some(({ line }) => line.kind === 'internal') && <Sign sign="•">does something, and stays</Sign>}
      {some && <Sign sign="anywhere in">holds in every state inside {some}</Sign>}
      {running && <Sign sign="runs actor">runs as long as {running.name} is active</Sign>}
      {boxes.some(({ kind }) => kind === 'final') && <Sign sign={<Swatch class="final" />}>the end</Sign>}
      {boxes.some(({ kind }) => kind === 'parallel') && (
        <Sign sign={<Swatch class="regions" />}>side by side, all active at once</Sign>
      )}
      {boxes.some(({ history }) => history === 'shallow') && (
        <Sign sign={<Medal text="H" />}>back to where it was last</Sign>
      )}
      {boxes.some(({ history }) => history === 'deep') && (
        <Sign sign={<Medal text="H*" />}>back to where it was last, however deep</Sign>
      )}
    </>
  );
}

function Sign({ sign, children }: { sign: ComponentChildren; children: ComponentChildren }) {
  return (
    <>
      <dt>{sign}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Picture({ children }: { children: ComponentChildren }) {
  return (
    <svg viewBox="0 0 40 20" width="40" height="20" aria-hidden="true">
      {children}
    </svg>
  );
}

function Swatch({ class: name }: { class: 'now' | 'final' | 'regions' }) {
  return (
    <Picture>
      <rect class={`swatch ${name}`} x="1" y="1" width="38" height="18" rx="4" />
      {name === 'final' && <rect class="swatch" x="4" y="4" width="32" height="12" rx="2" />}
      {name === 'regions' && <path class="divider" d="M20 1v18" />}
    </Picture>
  );
}

function Dot() {
  return (
    <Picture>
      <circle class="head" cx="8" cy="10" r="3.5" />
      <path class="line" d="M11 10h17" />
      <path class="head" d="M34 10l-6-3v6z" />
    </Picture>
  );
}

function Loop() {
  return (
    <Picture>
      <path
        class="mark loop"
        transform="translate(14 3) scale(1.3)"
        d="M8.2 5.200a3.6 3.6 0 1 0 .7 2.600M8.8 2.600v3h-3"
      />
    </Picture>
  );
}

function Medal({ text }: { text: string }) {
  return (
    <Picture>
      <g class="medal">
        <circle cx="20" cy="10" r="9" />
        <text x="20" y="14" text-anchor="middle">
          {text}
        </text>
      </g>
    </Picture>
  );
}
