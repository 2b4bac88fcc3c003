/**
 * A question on its way out. In the socket's own buffer it lies behind what the app has sent, and its time has not begun: while what lies before it
 * leaves, the line carries, and that is life. What was sent after it proves nothing, and what the kernel has taken does not show.
 */
import type { Clock } from './clock.ts';
import type { Socket } from './socket.ts';

/** How often the buffer is looked at, ms. No WebSocket tells by itself. */
const pace = 20;

/**
 * The question is about to be written. The answer ends the watch.
 * @param carried told of each look at which something that lay before the question has left
 * @param departed told when nothing lies before it any more
 */
export function watchDeparture(socket: Socket, clock: Clock, carried: () => void, departed: () => void): () => void {
  const to = socket.left + socket.waiting;
  // The first look compares with nothing: what the kernel took at once, a dead line's would have taken too.
  let last = Infinity;
  let timer: unknown;
  const wait = () => {
    timer = clock.setTimeout(look, pace);
  };
  const look = () => {
    // What is compressed while it waits seems to leave: there only a buffer that sinks in spite of what is added to it is one that empties.
    const progress = socket.compresses ? -socket.waiting : socket.left;
    const isCarried = progress > last;
    last = progress;
    if (socket.left >= to) departed();
    else if (socket.isOpen) wait();
    if (isCarried) carried();
  };
  wait();
  return () => clock.clearTimeout(timer);
}
