import { expect } from 'chai';
import type { SandboxRequest } from 'passport-criteo/sandbox';
import { followExchanges } from '../../../lib/cli/sandbox/follow-exchanges';

describe('The exchanges of a sandbox', () => {
  const request = (path: string, status?: number): SandboxRequest => ({
    ...{
      direction: 'in',
      method: 'GET',
      path,
      query: {},
      headers: {},
      body: '',
      form: {},
      time: 0,
      connection: 1,
      status,
    },
  });

  /** Follows a list of requests that changes with each look; gives what each look showed. */
  const follow = async (...looks: ((requests: SandboxRequest[]) => void)[]): Promise<string[][]> => {
    const requests: SandboxRequest[] = [];
    const stopped = new AbortController();
    const shown: string[][] = [];
    const sleep = async (): Promise<void> => {
      shown.push([]);
      looks[shown.length - 1]?.(requests);
      if (shown.length >= looks.length) stopped.abort();
    };
    // A copy each time, as the sandbox gives it.
    const sandbox = {
      get requests() {
        return [...requests];
      },
    };
    await followExchanges(sandbox, { signal: stopped.signal, sleep }, ({ path }) => shown.at(-1)?.push(path));
    return shown;
  };
  const nothing = (): void => {};

  it('are shown once each, when they have their response', async () => {
    const slow = request('/slow');
    const shown = await follow(
      (list) => list.push(request('/first', 200), slow, request('/second', 200)),
      nothing,
      () => Object.assign(slow, { status: 200 }),
      nothing,
    );
    expect(shown).to.deep.equal([['/first', '/second'], [], ['/slow'], []]);
  });

  it('are shown without a response after two seconds, or when the sandbox stops', async () => {
    const looks = Array.from({ length: 30 }, () => nothing);
    const late = await follow((list) => list.push(request('/hangs')), ...looks);
    expect(late.findIndex((each) => each.length > 0)).to.equal(20);
    expect(late.flat()).to.deep.equal(['/hangs']);
    expect(await follow(nothing, (list) => list.push(request('/hangs')))).to.deep.equal([[], ['/hangs']]);
  });

  it('are shown once each although the sandbox forgets the oldest', async () => {
    const shown = await follow(
      (list) => list.push(request('/1', 200), request('/2', 200)),
      (list) => {
        list.push(request('/3', 200));
        list.shift();
      },
      (list) => list.splice(0, 2, request('/4', 200)),
    );
    expect(shown).to.deep.equal([['/1', '/2'], ['/3'], ['/4']]);
  });
});
