/**
 * Times cases side by side: round after round, each case once, in an order by chance, so that what the machine does
 * meanwhile, and what one case leaves to the next (garbage, warm caches), meets them all alike.
 *
 * @param cases by name: a function to call; or `{ prepare, run }`, where `prepare` (not timed) makes what `run` is
 *   called with. Promises are awaited.
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

/** The value that the share `part` of all values does not exceed. */
export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

/** One case against another, round by round: the median of the ratios, and their quartiles. */
export function ratio(ours, theirs) {
  const ratios = ours.map((time, round) => time / theirs[round]);
  return { value: median(ratios), spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)] };
}

/** Table rows: the case `ours` of a race against each other one, with what is aimed at. */
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
