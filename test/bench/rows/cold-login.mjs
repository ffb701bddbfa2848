import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcomeOf, startServer } from '../support/processes.mjs';
import { median, quantile } from '../support/race.mjs';

const ROUND_TRIP = 60;
// Longer than the 5 s after which node's own agents close a connection, and shorter than the 30 s of this package.
const PAUSE = 25_000;

/**
 * Measures a login over TLS with a round trip of 60 ms: connections, and time in round trips. The minimum is 4: connect,
 * TLS 1.3, two requests.
 */
export async function measure() {
  const source = readFileSync(new URL('../../support/certificate.ts', import.meta.url), 'utf8');
  const [TLS_KEY, TLS_CERT] = source.match(/-----BEGIN[^`]+/g);
  const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-bench-'));
  const trusted = join(folder, 'cert.pem');
  writeFileSync(trusted, TLS_CERT);
  const server = await startServer({ TLS_KEY, TLS_CERT });
  const samples = (name, pause) =>
    outcomeOf('cold.mjs', {
      args: [server.port, ROUND_TRIP, name, pause].map(String),
      env: { NODE_EXTRA_CA_CERTS: trusted },
    });
  const ours = await samples('passport-criteo', 100);
  const google = await samples('passport-google-oauth20', 100);
  const [oursLater, googleLater] = await Promise.all(
    ['passport-criteo', 'passport-google-oauth20'].map((name) => samples(name, PAUSE)),
  );
  server.stop();
  rmSync(folder, { recursive: true });

  const rows = (what, which, mine, theirs, [connections, roundTrips]) => [
    row(`${what}: connections`, pick(mine, which, 'connections'), pick(theirs, which, 'connections'), connections),
    row(`${what}: round trips`, pick(mine, which, 'roundTrips'), pick(theirs, which, 'roundTrips'), roundTrips),
  ];
  return [
    ...rows('cold login, TLS, 60 ms', 'cold', ours, google, [1, 4.3]),
    ...rows('the next one, at once', 'next', ours, google, [0, 2.2]),
    ...rows(`the next one, ${PAUSE / 1000} s later`, 'next', oursLater, googleLater, [0, 2.2]),
  ];
}

const pick = (samples, which, field) => samples.map((sample) => sample[which][field]);

function row(what, ours, theirs, aim) {
  return {
    what,
    ours: figure(ours),
    beside: 'passport-google-oauth20',
    theirs: figure(theirs),
    value: median(ours),
    aim,
  };
}

function figure(values) {
  const [low, middle, high] = [0, 0.5, 1].map((part) => Number(quantile(values, part).toFixed(2)));
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}
