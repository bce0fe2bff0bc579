/** How often the event loop is looked at. */
const PERIOD_MILLISECONDS = 250;

/** A standstill that is worth a line: the runtime waits 2 s by default before it goes on without us. */
const STALL_MILLISECONDS = 500;

/**
 * Watches that the event loop turns: while it stands, no container is answered. Told how long it stood each time; also a
 * process that was stopped or swapped out stands.
 */
export function watchEventLoop(stalled: (milliseconds: number) => void): () => void {
  let before = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const late = now - before - PERIOD_MILLISECONDS;
    before = now;
    if (late > STALL_MILLISECONDS) stalled(Math.round(late));
  }, PERIOD_MILLISECONDS);
  timer.unref();
  return () => clearInterval(timer);
}
