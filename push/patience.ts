/** Nobody waits for an engine longer than `patience`. */
import { LogError, patience } from './log.ts';

export interface Asked {
  /** As it is named in errors. */
  readonly engine: string;
  /** Of the message that is to be appended. */
  readonly id?: string | undefined;
  /** What the engine said, where it has answered and will not. Nothing of an app's is to be in it. */
  readonly refusal: (error: unknown) => string | undefined;
}

/**
 * What was asked for. The signal says that nobody waits any more, so that nothing is kept for later.
 * @throws {LogError} within 2 s; what it is told of is its `cause`
 */
export async function inTime<T>({ engine, id, refusal }: Asked, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const waiting = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new LogError('unavailable', `${engine} has not answered within ${patience} ms`, { id }));
      waiting.abort();
    }, patience);
  });
  try {
    return await Promise.race([ask(waiting.signal), late]);
  } catch (cause) {
    if (cause instanceof LogError) throw cause;
    const said = refusal(cause);
    throw said === undefined
      ? new LogError('unavailable', `${engine} cannot be reached`, { id, cause })
      : new LogError('refused', `${engine} has refused: ${said}`, { id, cause });
  } finally {
    clearTimeout(timer);
  }
}
