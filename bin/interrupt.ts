/** What asks for an end, and the exit code with which a shell reports a process that it ended. */
export const interrupts = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * The first SIGINT or SIGTERM asks for a graceful end; the second ends the process at once.
 * @param end is given the exit code
 * @returns what undoes it
 */
export function onInterrupt(end: (code: number) => void): () => void {
  let asked = false;
  const interrupt = (signal: NodeJS.Signals) => {
    const code = interrupts[signal as keyof typeof interrupts];
    if (asked) process.exit(code);
    asked = true;
    end(code);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  };
}

/** Fulfilled when a graceful end is asked for, from now on. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    onInterrupt(() => resolve());
  });
}
