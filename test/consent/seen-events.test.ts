import { expect } from 'chai';
import {
  type ConsentCallbackOptions,
  consentCallback,
  type SeenEvents,
  signConsentCallback,
  verifyConsentCallback,
} from '../../lib';
import { oncePerEvent, RecentEvents } from '../../lib/consent/seen-events';
import type { ConsentCallbackError } from '../../lib/errors';
import { closeAll, deliver, denial, gate, grant, listen, secret } from './support';

const idOf = (body: string): string => verifyConsentCallback(body, signConsentCallback(body, secret), secret).id;

describe('repeated deliveries of an event', () => {
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

  it('are not handled again', async () => {
    const { seen, send } = await start();
    expect([await send(), await send(), await send()]).to.deep.equal([204, 204, 204]);
    expect(seen.runs).to.equal(1);
  });

  it('are not confused with deliveries of other events', async () => {
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

  it('share the failure of the run under way, which is reported once, and the next delivery starts another run', async () => {
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

  it('get 503 while a slow run is under way, and 204 afterwards', async () => {
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

  it('start another run after a slow run has failed, and its failure is reported', async () => {
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

  it('start another run if a run has taken ten times the timeout', async () => {
    let runs = 0;
    const { send } = await start({
      timeout: 40,
      onConsent: () => {
        runs += 1;
        return runs === 1 ? new Promise(() => {}) : undefined;
      },
    });
    const began = performance.now();
    const statuses: number[] = [];
    while (statuses.at(-1) !== 204 && statuses.length < 100) statuses.push(await send());
    expect(statuses.slice(0, -1)).to.satisfy((all: number[]) => all.length > 1 && all.every((it) => it === 503));
    expect(statuses.at(-1)).to.equal(204);
    expect(performance.now() - began).to.be.at.least(400);
    expect(runs).to.equal(2);
  });

  describe('of a run that is stuck', () => {
    /** The handling of one event at a time that the test sets; each run waits for its gate. */
    function stuck(seen: SeenEvents = new RecentEvents()) {
      const state = { now: 1_000, gates: [] as ReturnType<typeof gate<void>>[], told: [] as string[] };
      const onConsent = (): Promise<void> => {
        const opened = gate();
        state.gates.push(opened);
        return opened.opened;
      };
      const report = (error: ConsentCallbackError): void => void state.told.push(error.code);
      return { state, handle: oncePerEvent(onConsent, seen, 100, report, () => state.now) };
    }
    const event = verifyConsentCallback(denial, signConsentCallback(denial, secret), secret);
    const other = verifyConsentCallback(grant('x'), signConsentCallback(grant('x'), secret), secret);

    it('share it for ten times the timeout, and not longer', async () => {
      const { state, handle } = stuck();
      const first = handle(event);
      state.now += 1_000;
      expect(handle(event)).to.equal(first);
      state.now += 1;
      const second = handle(event);
      expect(second).not.to.equal(first);
      expect(handle(event), 'the second run is shared as well').to.equal(second);
      await new Promise(setImmediate);
      expect(state.gates).to.have.length(2);
      state.gates[1]?.open();
      expect(await second).to.equal(undefined);
    });

    it('do not start another run when it ends at last, and keep the newer run', async () => {
      const { state, handle } = stuck();
      const first = handle(event);
      state.now += 1_001;
      const second = handle(event);
      await new Promise(setImmediate);
      state.gates[0]?.open();
      expect(await first).to.equal(undefined);
      expect(handle(event), 'the newer run is still shared').to.equal(second);
      state.gates[1]?.open();
      await second;
      expect(await handle(event)).to.equal(undefined);
      expect(state.gates).to.have.length(2);
    });

    it('remove all runs that are stuck from memory, and no others', async () => {
      const { state, handle } = stuck();
      void handle(event);
      state.now += 600;
      const young = handle(other);
      state.now += 600;
      expect(handle(other)).to.equal(young);
      await new Promise(setImmediate);
      expect(state.gates).to.have.length(2);
      void handle(event);
      await new Promise(setImmediate);
      expect(state.gates).to.have.length(3);
    });
  });

  describe('with the option seen', () => {
    it('show nothing that its driver attaches to errors', async () => {
      const broken = Object.assign(new Error('NOAUTH hush-hush-hush-1'), {
        code: 'NOAUTH',
        command: { args: ['pass'] },
      });
      const { seen, send } = await start({ seen: { get: () => Promise.reject(broken), set: () => {} } });
      await send();
      expect(seen.errors[0]?.cause).to.include({ name: 'Error', code: 'NOAUTH' }).and.not.have.property('command');
    });

    it('show the error that onConsent threw as it is', async () => {
      const broken = Object.assign(new Error('no'), { detail: 'row 7' });
      const { seen, send } = await start({ onConsent: () => Promise.reject(broken) });
      await send();
      expect(seen.errors[0]?.cause).to.equal(broken);
    });

    it('work with a Map', async () => {
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

    it('are known to every process that shares it, and it is told how long to remember', async () => {
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
      it(`are handled if it returns ${unknown}`, async () => {
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
      it(`get 500 without a run while its get ${how}, and are handled later`, async () => {
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

    it('get 500 if its set fails, and the next one calls set again without another run', async () => {
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

    it('get 500 if it does not respond, and the next one asks it again', async () => {
      const failed = gate<ConsentCallbackError>();
      let hang = true;
      const { seen, send } = await start({
        timeout: 250,
        onError: (error) => error.code === 'seen_failed' && failed.open(error),
        seen: { get: () => (hang ? new Promise(() => {}) : undefined), set: () => {} },
      });
      expect(await send()).to.be.oneOf([500, 503]);
      expect((await failed.opened).cause).to.have.property('message', 'No response within 250 ms');
      hang = false;
      expect(await send()).to.equal(204);
      expect(seen.runs).to.equal(1);
    });
  });
});

describe('the default of the option seen', () => {
  it('forgets an event after its time', () => {
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

  it('keeps the latest events up to its limit', () => {
    const memory = new RecentEvents(3);
    for (const id of ['a', 'b', 'c', 'a', 'd']) memory.set(id);
    expect(['a', 'b', 'c', 'd'].filter((id) => memory.get(id))).to.deep.equal(['a', 'c', 'd']);
    memory.delete('a');
    expect([memory.get('a'), memory.size]).to.deep.equal([false, 2]);
  });

  it('keeps 10,000 events by default', () => {
    const memory = new RecentEvents();
    for (let n = 0; n < 10_100; n += 1) memory.set(`event ${n}`);
    expect(memory.size).to.equal(10_000);
  });
});
