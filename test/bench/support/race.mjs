/**
 * Measures cases side by side: in each round every case once, in random order, so that other load on the machine, garbage
 * and warm caches affect all cases equally.
 *
 * @param cases by name: a function to call, or `{ prepare, run }`: `prepare` is not timed and returns the argument of
 *   `run`. Promises are awaited.
 * @param calls in each round, of each case.
 * @returns microseconds per call, by name and round.
 */
export async function race(cases, { rounds = 41, calls, warmUp = 4 }) {
  const order = Object.entries(cases).map(([name, given]) => {
    const { prepare = () => undefined, run } = typeof given === 'function' ? { run: given } : given;
    return { name, prepare, run, times: [] };
  });
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const { prepare, run, times } of shuffled(order)) {
      const inputs = [];
      for (let call = 0; call < calls; call += 1) inputs.push(await prepare());
      const began = performance.now();
      for (const input of inputs) {
        const pending = run(input);
        if (pending) await pending;
      }
      const took = performance.now() - began;
      if (round >= 0) times.push((took * 1000) / calls);
    }
  }
  return Object.fromEntries(order.map(({ name, times }) => [name, times]));
}

function shuffled(list) {
  return list
    .map((each) => ({ each, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ each }) => each);
}

/** Returns the quantile `part` of the values. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

/** Compares two cases round by round. Returns the median and the quartiles of the ratios. */
export function ratio(ours, theirs) {
  const ratios = ours.map((time, round) => time / theirs[round]);
  return { value: median(ratios), spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] };
}

/** Returns table rows that compare the case `ours` with each other case, and the aims. */
export function compared(what, times, aims = {}, ours = 'passport-criteo') {
  return Object.keys(times)
    .filter((name) => name !== ours)
    .map((name) => {
      const { value, spread } = ratio(times[ours], times[name]);
      return {
        what,
        ours: duration(times[ours]),
        beside: name,
        theirs: duration(times[name]),
        ratio: value,
        spread,
        aim: aims[name],
      };
    });
}

function duration(times) {
  const us = median(times);
  return us < 1000 ? `${us.toPrecision(3)} µs` : `${(us / 1000).toPrecision(3)} ms`;
}
