/** Hears the errors that nobody caught, beside the test runner, which hears them too. */
export function uncaughtInNode(hear: (error: Error) => void): () => void {
  process.on('uncaughtException', hear);
  return () => process.off('uncaughtException', hear);
}
