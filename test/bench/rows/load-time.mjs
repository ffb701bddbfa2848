import { execFileSync } from 'node:child_process';
import { modules } from '../support/prepare.mjs';
import { median, quantile } from '../support/race.mjs';

const names = ['passport-criteo', 'passport-google-oauth20', 'openid-client'];
const google = 'passport-google-oauth20';
const ROUNDS = 25;

/** Measures how long the main entry takes to load in a new process. */
export async function measure() {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    names.push(names.shift());
    for (const name of names) times[name].push(load(name));
  }
  const { 'passport-criteo': ours, ...others } = times;
  const more = median(ours.map((time, round) => time - times[google][round]));
  return Object.entries(others).map(([beside, theirs]) => ({
    what: 'load time of the main entry',
    ours: figure(ours),
    beside,
    theirs: figure(theirs),
    ...(beside === google && { value: more, aim: 5, aimText: `≤ 5 ms more (${more.toFixed(1)} ms)` }),
  }));
}

function load(name) {
  const script = `const began = performance.now(); require(${JSON.stringify(name)}); console.log(performance.now() - began)`;
  // Suppresses node's warning about require of an ES module.
  return Number(execFileSync(process.execPath, ['--no-warnings', '-e', script], { cwd: modules, encoding: 'utf8' }));
}

function figure(times) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(times, part).toFixed(1));
  return `${middle} ms (${low}–${high})`;
}
