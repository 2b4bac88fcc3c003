/** Hears the errors that nobody caught, beside the test runner, which hears them too. */
export function uncaughtInPage(hear: (error: Error) => void): () => void {
  const listener = ({ error }: ErrorEvent) => hear(error as Error);
  addEventListener('error', listener);
  return () => removeEventListener('error', listener);
}
