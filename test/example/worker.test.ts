import { expect } from 'chai';
import { runWorker } from '../../example/worker';

describe('The example’s worker', () => {
  /** Runs the worker until it has printed `lines` lines, or has ended by itself. */
  const run = async (lines: number, onLine: (line: string) => unknown = () => {}) => {
    const stop = new AbortController();
    const printed: string[] = [];
    const print = (line: string) => {
      printed.push(line);
      onLine(line);
      if (printed.length === lines) stop.abort();
    };
    await runWorker({ print, minute: 1, signal: stop.signal });
    return printed;
  };

  it('prints a connection’s advertisers every minute, across several token lifetimes', async () => {
    const [, ...lines] = await run(61);
    expect(lines).to.have.lengthOf(60);
    for (const line of lines) expect(line).to.match(/^\d\d:\d\d:\d\d {2}Northwind Outdoor, Lumen & Oak, /);
    const renewed = lines.flatMap((line, minute) => (line.includes('new access token') ? [minute] : []));
    // A token is valid for 15 minutes. It is refreshed in the background in its last minute, and the line shows that then
    // or a minute later.
    expect(renewed).to.have.length(4);
    for (const [i, minute] of renewed.entries()) expect(minute).to.be.oneOf([14 * (i + 1), 14 * (i + 1) + 1]);
    const minutes = lines.map((line) => Number(line.slice(3, 5)));
    expect((minutes[59] ?? 0) - (minutes[0] ?? 0), 'an hour later but one').to.be.oneOf([59, -1]);
  });

  it('prints a message and ends after the consent is revoked', async () => {
    let url = '';
    const lines = await run(1000, (line) => {
      url ||= /http:\S+/.exec(line)?.[0] ?? '';
      if (line.startsWith('A minute')) void revoke(url);
    });
    expect(lines.length).to.be.below(1000);
    expect(lines.at(-1)).to.match(/The consent has ended/);
  });
});

/** Sends the form of the page's button. */
async function revoke(url: string): Promise<void> {
  const page = await (await fetch(url)).text();
  const value = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? '';
  await fetch(`${url}/sandbox/revoke`, {
    method: 'POST',
    headers: { origin: url },
    body: new URLSearchParams({ token: value('token'), consent: value('consent') }),
  });
}
