import { expect } from 'chai';
import {
  type ConsentCallbackOptions,
  consentCallback,
  type SeenEvents,
  signConsentCallback,
  verifyConsentCallback,
} from '../../lib/consent';
import { RecentEvents } from '../../lib/consent/seen-events';
import type { ConsentCallbackError } from '../../lib/errors';
import { closeAll, deliver, denial, gate, grant, listen, secret } from './helpers';

const idOf = (body: string): string => verifyConsentCallback(body, signConsentCallback(body, secret), secret).id;

describe('repeated deliveries', () => {
  afterEach(closeAll);

  /** A callback whose runs are counted and whose failures are kept. */
  async function start(options: Partial<ConsentCallbackOptions> = {}) {
    const seen = { runs: 0, errors: [] as ConsentCallbackError[] };
    const handler = consentCallback({
      secret,
      onError: (error) => void seen.errors.push(error),
      ...options,
      onConsent: (event) => {
        seen.runs += 1;
        return options.onConsent?.(event);
      },
    });
    const port = await listen(handler);
    const send = async (body = denial): Promise<number> => (await deliver(port, body)).status;
    return { seen, send };
  }

  it('are done already', async () => {
    const { seen, send } = await start();
    expect([await send(), await send(), await send()]).to.deep.equal([204, 204, 204]);
    expect(seen.runs).to.equal(1);
  });

  it('are not confused with other events', async () => {
    const { seen, send } = await start();
    await send(grant('a'));
    await send(grant('b'));
    expect(seen.runs).to.equal(2);
  });

  it('share the run that is under way, and its success', async () => {
    const [begun, finish] = [gate(), gate()];
    const { seen, send } = await start({
      onConsent: () => {
        begun.open();
        return finish.opened;
      },
    });
    const first = send();
    await begun.opened;
    const others = [send(), send()];
    finish.open();
    expect(await Promise.all([first, ...others])).to.deep.equal([204, 204, 204]);
    expect(seen.runs).to.equal(1);
  });

  it('share the failure of the run under way, which is told once; the next delivery runs again', async () => {
    const finish = gate();
    const arrived = gate();
    let requests = 0;
    let runs = 0;
    const errors: ConsentCallbackError[] = [];
    const handler = consentCallback({
      secret,
      onError: (error) => void errors.push(error),
      onConsent: async () => {
        runs += 1;
        if (runs > 1) return;
        await finish.opened;
        throw new Error('once');
      },
    });
    const port = await listen((req, res) => {
      req.once('end', () => {
        requests += 1;
        if (requests === 3) setImmediate(arrived.open);
      });
      handler(req, res);
    });
    const deliveries = [deliver(port, denial), deliver(port, denial), deliver(port, denial)];
    await arrived.opened;
    finish.open();
    expect((await Promise.all(deliveries)).map(({ status }) => status)).to.deep.equal([500, 500, 500]);
    expect([runs, errors.length]).to.deep.equal([1, 1]);
    expect((await deliver(port, denial)).status).to.equal(204);
    expect((await deliver(port, denial)).status).to.equal(204);
    expect(runs).to.equal(2);
  });

  it('find a slow run still under way, then done', async () => {
    const finish = gate();
    const { seen, send } = await start({ timeout: 250, onConsent: () => finish.opened });
    expect(await send()).to.equal(503);
    expect(await send()).to.equal(503);
    finish.open();
    expect(await send()).to.equal(204);
    expect(await send()).to.equal(204);
    expect(seen.runs).to.equal(1);
    expect(seen.errors.map((error) => [error.code, error.status, error.retryable])).to.deep.equal([
      ['handler_timeout', 503, true],
      ['handler_timeout', 503, true],
    ]);
  });

  it('run again after a slow run has failed, and its failure is told though nobody waits', async () => {
    const finish = gate();
    const failed = gate();
    let runs = 0;
    const { send } = await start({
      timeout: 250,
      onError: (error) => error.code === 'handler_failed' && failed.open(),
      onConsent: async () => {
        runs += 1;
        if (runs > 1) return;
        await finish.opened;
        throw new Error('late');
      },
    });
    expect(await send()).to.equal(503);
    finish.open();
    await failed.opened;
    expect(await send()).to.equal(204);
    expect(runs).to.equal(2);
  });

  describe('with a memory of the application', () => {
    it('may be a Map', async () => {
      const memory = new Map<string, boolean>();
      const { seen, send } = await start({ seen: memory });
      await send();
      expect([...memory]).to.deep.equal([[idOf(denial), true]]);
      await send();
      expect(seen.runs).to.equal(1);
      memory.clear();
      await send();
      expect(seen.runs).to.equal(2);
    });

    it('is told how long to remember, and shared by many processes', async () => {
      const calls: unknown[][] = [];
      const entries = new Map<string, unknown>();
      const memory: SeenEvents = {
        get: async (id) => entries.get(id),
        set: async (id, value, ttl) => {
          calls.push([id, value, ttl]);
          entries.set(id, value);
        },
      };
      const [one, other] = [await start({ seen: memory }), await start({ seen: memory })];
      expect([await one.send(), await other.send()]).to.deep.equal([204, 204]);
      expect([one.seen.runs, other.seen.runs]).to.deep.equal([1, 0]);
      expect(calls).to.deep.equal([[idOf(denial), true, 600_000]]);
    });

    for (const unknown of [undefined, null, false]) {
      it(`takes ${unknown} for unseen`, async () => {
        const { seen, send } = await start({ seen: { get: () => unknown, set: () => {} } });
        expect([await send(), await send()]).to.deep.equal([204, 204]);
        expect(seen.runs).to.equal(2);
      });
    }

    const broken = (message: string) => (): never => {
      throw new Error(message);
    };
    for (const [how, get] of [
      ['throws', broken('down')],
      ['rejects', () => Promise.reject(new Error('down'))],
    ] as const) {
      it(`runs nothing and answers 500 while get ${how}; nothing is lost`, async () => {
        let down = true;
        const { seen, send } = await start({ seen: { get: () => (down ? get() : undefined), set: () => {} } });
        expect(await send()).to.equal(500);
        expect(seen.runs).to.equal(0);
        expect(seen.errors[0]).to.include({ code: 'seen_failed', status: 500, retryable: true });
        expect(seen.errors[0]?.message).to.include('seen.get');
        expect(seen.errors[0]?.cause).to.have.property('message', 'down');
        down = false;
        expect(await send()).to.equal(204);
        expect(seen.runs).to.equal(1);
      });
    }

    it('answers 500 when set fails, and the repeat tells the memory without running again', async () => {
      const memory = new Map<string, boolean>();
      let down = true;
      const set = (id: string, value: true): unknown =>
        down ? Promise.reject(new Error('down')) : memory.set(id, value);
      const { seen, send } = await start({ seen: { get: (id) => memory.get(id), set } });
      expect([await send(), await send()]).to.deep.equal([500, 500]);
      expect(seen.errors.map((error) => error.message))
        .to.have.length(2)
        .and.satisfy((all: string[]) => all.every((text) => text.includes('seen.set')));
      down = false;
      expect(await send()).to.equal(204);
      expect([...memory.keys()]).to.deep.equal([idOf(denial)]);
      memory.clear();
      await send();
      expect(seen.runs, 'once more, because the memory was cleared').to.equal(2);
    });

    it('gives up on a memory that does not answer, and asks again on the repeat', async () => {
      const failed = gate<ConsentCallbackError>();
      let hang = true;
      const { seen, send } = await start({
        timeout: 250,
        onError: (error) => error.code === 'seen_failed' && failed.open(error),
        seen: { get: () => (hang ? new Promise(() => {}) : undefined), set: () => {} },
      });
      expect(await send()).to.be.oneOf([500, 503]);
      expect((await failed.opened).cause).to.have.property('message', 'No answer within 250 ms');
      hang = false;
      expect(await send()).to.equal(204);
      expect(seen.runs).to.equal(1);
    });
  });
});

describe('the default memory of seen events', () => {
  it('forgets after its time', () => {
    let now = 1_000;
    const memory = new RecentEvents(10, 100, () => now);
    memory.set('a');
    now += 99;
    expect([memory.get('a'), memory.get('b')]).to.deep.equal([true, false]);
    now += 1;
    expect(memory.get('a')).to.equal(false);
    memory.set('b');
    expect(memory.size).to.equal(1);
  });

  it('keeps so many, the latest', () => {
    const memory = new RecentEvents(3);
    for (const id of ['a', 'b', 'c', 'a', 'd']) memory.set(id);
    expect(['a', 'b', 'c', 'd'].filter((id) => memory.get(id))).to.deep.equal(['a', 'c', 'd']);
    memory.delete('a');
    expect([memory.get('a'), memory.size]).to.deep.equal([false, 2]);
  });

  it('stays at 10,000 by default', () => {
    const memory = new RecentEvents();
    for (let n = 0; n < 10_100; n += 1) memory.set(`event ${n}`);
    expect(memory.size).to.equal(10_000);
  });
});
