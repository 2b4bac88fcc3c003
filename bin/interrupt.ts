/**
 * The first SIGINT or SIGTERM asks for a graceful end; the second ends the process at once.
 * @returns what undoes it
 */
export function onInterrupt(end: () => void): () => void {
  let asked = false;
  const interrupt = (signal: NodeJS.Signals) => {
    // As a shell reports a process that a signal ended.
    if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
    asked = true;
    end();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return () => {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  };
}

/** Fulfilled when a graceful end is asked for, from now on. */
export function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    onInterrupt(resolve);
  });
}
