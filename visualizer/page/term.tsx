/** A word that explains itself where it stands: to a mouse that rests on it, and to whoever presses it, by hand or by key. */
import { useId, useRef } from 'preact/hooks';

/** @param name the word @param children what it means, a sentence or two */
export function Term({ name, children }: { name: string; children: string }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const note = useRef<HTMLSpanElement>(null);
  // Beside the word, within the page.
  const place = () => {
    const { left, bottom } = button.current!.getBoundingClientRect();
    const { style, offsetWidth, offsetHeight } = note.current!;
    style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
    style.top = `${bottom + 4 + offsetHeight > innerHeight ? Math.max(8, bottom - offsetHeight - 24) : bottom + 4}px`;
  };
  return (
    <>
      <button type="button" class="term" ref={button} popovertarget={id} title={children}>
        {name}
      </button>
      <span id={id} class="explained" ref={note} popover="auto" role="note" onToggle={place}>
        {children}
      </span>
    </>
  );
}
