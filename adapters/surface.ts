/**
 * Lets an error out of the app's own code (a listener, a `shouldReconnect`) reach the app as an uncaught one, without stopping ours.
 */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Calls the app's function; if it throws, the error surfaces and the answer is undefined. */
export function guarded<A extends unknown[], R>(call: (...args: A) => R): (...args: A) => R | undefined {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      surface(error);
      return undefined;
    }
  };
}
