import timers from 'node:timers/promises';

/**
 * Makes the clocks, and the pauses between two attempts (`timers/promises`), run `factor` times as fast in each test of
 * the `describe` in which it is called. Criteo tells in whole seconds when a rate limit is reset, so real pauses take long.
 * Deadlines and sockets keep their real time.
 */
export function useFastClock(factor: number): void {
  const { now } = Date;
  const steady = performance.now;
  const { setTimeout } = timers;
  beforeEach(() => {
    const [start, steadyStart] = [now(), steady.call(performance)];
    Date.now = () => Math.floor(start + factor * (now() - start));
    performance.now = () => steadyStart + factor * (steady.call(performance) - steadyStart);
    timers.setTimeout = ((milliseconds = 0, ...rest: []) =>
      setTimeout(milliseconds / factor, ...rest)) as typeof setTimeout;
  });
  afterEach(() => {
    Date.now = now;
    performance.now = steady;
    timers.setTimeout = setTimeout;
  });
}
