/** Small pictures, as large as the text beside them and in its colour: not every system has a glyph for each. What they mean is said by what holds them. */
import type { ComponentChildren } from 'preact';

interface Drawn {
  children: ComponentChildren;
}

function Lines({ children }: Drawn) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">
        {children}
      </g>
    </svg>
  );
}

function Filled({ children }: Drawn) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true" focusable="false">
      <g fill="currentColor">{children}</g>
    </svg>
  );
}

export function Play() {
  return (
    <Filled>
      <path d="M4 2.2v11.6a.8.8 0 0 0 1.2.7l9-5.8a.8.8 0 0 0 0-1.4l-9-5.8A.8.8 0 0 0 4 2.2z" />
    </Filled>
  );
}

export function Pause() {
  return (
    <Filled>
      <rect x="3" y="2" width="3.6" height="12" rx="0.9" />
      <rect x="9.4" y="2" width="3.6" height="12" rx="0.9" />
    </Filled>
  );
}

/** Half of it light, half dark. */
export function Theme() {
  return (
    <Filled>
      <path d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 1.75a5.25 5.25 0 0 1 0 10.5z" fill-rule="evenodd" />
    </Filled>
  );
}

/** All of it into sight. */
export function Fit() {
  return (
    <Lines>
      <path d="M2 5.5V2h3.5M10.5 2H14v3.500M14 10.500V14h-3.500M5.5 14H2v-3.5" />
    </Lines>
  );
}

export function Plus() {
  return (
    <Lines>
      <path d="M8 2.500v11M2.5 8h11" />
    </Lines>
  );
}

export function Minus() {
  return (
    <Lines>
      <path d="M2.5 8h11" />
    </Lines>
  );
}

export function Cross() {
  return (
    <Lines>
      <path d="M3.5 3.500l9 9M12.5 3.500l-9 9" />
    </Lines>
  );
}

export function Heart() {
  return (
    <Filled>
      <path d="M8 14.300L2.3 8.600a3.7 3.7 0 0 1 5.2-5.200l.5.5.5-.5a3.7 3.7 0 0 1 5.2 5.200z" />
    </Filled>
  );
}

/** It points down; whoever opens something may turn it. */
export function Chevron() {
  return (
    <Lines>
      <path d="M3.5 5.800L8 10.300l4.5-4.5" />
    </Lines>
  );
}

export function Back() {
  return (
    <Lines>
      <path d="M13.5 8h-11M6.8 3.700L2.5 8l4.3 4.3" />
    </Lines>
  );
}

export function Question() {
  return (
    <Lines>
      <path d="M5 5.600a3 3 0 1 1 4.5 2.600c-1 .6-1.5 1-1.5 2" />
      <path d="M8 13.500v.01" />
    </Lines>
  );
}
