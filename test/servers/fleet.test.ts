import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { expect } from 'chai';
import type { SandboxRequest } from 'passport-criteo/sandbox';
import { Limits } from '../../example/fleet/limits';
import { Outage } from '../../example/fleet/outage';
import { connectionQueue, Planner } from '../../example/fleet/queue';
import { drawStatus, readStatus } from '../../example/fleet/status';
import { work } from '../../example/fleet/work';
import { calls, Fleet, mostWithin, until } from './fleet-support';

const CUSTOMERS = 200;
const customers = Array.from({ length: CUSTOMERS }, (_, i) => `customer-${i}`);

describe('A fleet of two worker processes', () => {
  let fleet: Fleet;
  before(async function () {
    this.timeout(60_000);
    fleet = await Fleet.start();
    await fleet.customers(customers);
    await Promise.all([fleet.worker(), fleet.worker()]);
  });
  after(() => fleet.stop());
  afterEach(() => fleet.sandbox.clearFaults());

  const allDone = async (night: string, count = CUSTOMERS) =>
    until(`${count} done`, async () => (await fleet.count('fleet_runs', night, "outcome = 'done'")) === count);
  const expire = () => Promise.all(customers.map((name) => fleet.consent(name)));

  it('makes each call of a night once, refreshes each connection once, and keeps to the limit', async () => {
    const night = await fleet.night();
    await allDone(night);
    expect(await fleet.count('fleet_results', night)).to.equal(CUSTOMERS * calls.length);
    expect(fleet.asked('api')).to.have.length(CUSTOMERS * calls.length);
    expect(fleet.asked('token')).to.have.length(CUSTOMERS);
    expect(fleet.requests.filter(({ status }) => status !== 200)).to.deep.equal([]);
    // 60 in each second of Redis; five seconds touch six of them. What is under way at the edges comes on top.
    expect(mostWithin(5_000, fleet.asked('api'))).to.be.at.most(6 * 60 + 20);
  });

  it('loses nothing and repeats little while processes are killed and frozen, and both servers restart', async () => {
    await expire();
    const night = await fleet.night();
    const results = (count: number) =>
      until(`${count} results`, async () => (await fleet.count('fleet_results', night).catch(() => 0)) >= count);
    const [first, second] = fleet.workers;
    await results(50);
    first?.kill('SIGKILL');
    await fleet.worker();
    await results(150);
    second?.kill('SIGSTOP');
    await sleep(4_500); // longer than its jobs' locks
    second?.kill('SIGCONT');
    await results(300);
    await fleet.redis.restart(500);
    await results(400);
    await fleet.postgres.restart(500);
    await allDone(night);
    expect(await fleet.count('fleet_results', night)).to.equal(CUSTOMERS * calls.length);
    // What was under way when a process was killed or frozen, or a result could not be stored: 25 jobs of one process each.
    expect(fleet.asked('api').length).to.be.within(CUSTOMERS * calls.length, CUSTOMERS * calls.length + 4 * 25);
    expect(fleet.asked('token').length).to.be.within(CUSTOMERS, CUSTOMERS + 4 * 25);
    expect(mostWithin(5_000, fleet.asked('api'))).to.be.at.most(6 * 60 + 20);
  });

  it('fills the queue again if Redis comes back empty', async () => {
    const night = await fleet.night();
    await until('50 results', async () => (await fleet.count('fleet_results', night)) >= 50);
    await fleet.client.flushall();
    await fleet.client.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await fleet.database.pool.query("UPDATE fleet_connections SET offered_at = offered_at - interval '5 minutes'");
    await allDone(night);
    expect(await fleet.count('fleet_results', night)).to.equal(CUSTOMERS * calls.length);
  });

  it('asks little while Criteo is down, and comes back within the limit', async () => {
    await expire();
    for (const on of ['api', 'token'] as const) fleet.sandbox.fault({ on, status: 503, times: 'always' });
    const night = await fleet.night();
    await until('a request', () => fleet.requests.length > 0);
    await sleep(10_000);
    // Without a pause, these would be hundreds.
    expect(fleet.requests.length).to.be.within(5, 200);
    fleet.sandbox.clearFaults();
    fleet.requests.length = 0;
    await allDone(night);
    expect(mostWithin(5_000, fleet.asked('api'))).to.be.at.most(6 * 60 + 20);
  });

  it('leaves connections alone that have ended, tells each customer once, and goes on when they connect again', async () => {
    await expire();
    const gone = customers.slice(0, 5);
    const isGone = ({ user }: { user: string }) => gone.includes(user);
    const consents = fleet.sandbox.consents.filter(isGone);
    for (const { id } of consents) await fleet.sandbox.revoke(id);
    fleet.told.length = 0;
    const first = await fleet.night();
    await allDone(first, CUSTOMERS - 5);
    await until('five are told', () => fleet.told.length >= 5);
    expect((await fleet.database.counts()).ended).to.equal(5);
    expect(fleet.asked('token').filter(({ status }) => status !== 200)).to.have.length(5);

    const night = await fleet.night();
    await allDone(night, CUSTOMERS - 5);
    expect(fleet.requests.filter(({ status }) => status !== 200)).to.deep.equal([]);
    expect(fleet.told.map(({ key }) => key)).to.have.members(gone);

    await fleet.consent('customer-0');
    await allDone(night, CUSTOMERS - 4);
    expect((await fleet.database.counts()).ended).to.equal(4);
  });

  it('shows where it stands', async () => {
    const { redisURL, databaseURL, callsPerMinute } = fleet.settings;
    await until('two workers are seen', async () => {
      const { workers } = await readStatus(redisURL, databaseURL, callsPerMinute);
      return workers.length === 2;
    });
    const text = drawStatus(await readStatus(redisURL, databaseURL, callsPerMinute));
    expect(text).to.match(/^connections +200/m);
    expect(text).to.match(/^done +196 .* 100 %$/m);
    expect(text).to.match(/^need customer +4 +0 not told yet$/m);
    expect(text).to.match(/^3660 ┤.{29,30}/m);
  });
});

describe('A fleet', () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await Fleet.start();
  });
  after(() => fleet.stop());
  afterEach(async () => {
    for (const worker of fleet.workers.splice(0)) worker.kill('SIGKILL');
    fleet.sandbox.clearFaults();
    await fleet.client.flushall();
    await fleet.database.pool.query('TRUNCATE fleet_connections, fleet_messages');
  });

  /** What a worker has, in this process. */
  const parts = () => {
    const { client, settings, database, connections } = fleet;
    const planner = new Planner(client, database, settings);
    const limits = new Limits(client, settings.callsPerMinute);
    return { planner, connections, database, limits, calls, outage: new Outage(client, planner.queue, 100) };
  };
  const never = new AbortController().signal;

  it('puts each connection into the queue once, however many plan', async () => {
    await fleet.customers(['planned-1', 'planned-2', 'planned.3']);
    await fleet.night();
    const planners = Array.from({ length: 4 }, () => parts().planner);
    await Promise.all(planners.map((planner) => planner.offer()));
    const queue = new Queue(connectionQueue, { connection: fleet.client });
    expect((await queue.getJobs()).map(({ data }) => data.key)).to.have.members([
      'planned-1',
      'planned-2',
      'planned.3',
    ]);
    await queue.close();
    await Promise.all(planners.map((planner) => planner.close()));
  });

  it('stores each result once if a job runs twice at once, and does nothing if it runs again', async () => {
    await fleet.customers(['twice']);
    const night = await fleet.night();
    const { planner, ...rest } = parts();
    const job = { night, key: 'twice' };
    const outcomes = await Promise.all([work(job, rest, never), work(job, rest, never)]);
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['over', 'over']);
    expect(await fleet.count('fleet_results', night)).to.equal(calls.length);
    expect(fleet.asked('token')).to.have.length(1);
    fleet.requests.length = 0;
    await work(job, rest, never);
    expect(fleet.requests).to.deep.equal([]);
    await planner.close();
  });

  it('goes on after the call that was stored last', async () => {
    await fleet.customers(['half-done']);
    const night = await fleet.night();
    await fleet.database.keep(night, 'half-done', calls[0] ?? '', { data: [] }, false);
    const { planner, ...rest } = parts();
    await work({ night, key: 'half-done' }, rest, never);
    expect(fleet.asked('api').map(({ path }) => path)).to.deep.equal(calls.slice(1));
    expect(await fleet.count('fleet_runs', night, "outcome = 'done'")).to.equal(1);
    await planner.close();
  });

  it('works for a customer who connects again while a job finds the old connection ended', async () => {
    await fleet.customers(['returning']);
    await fleet.worker();
    const refused = { status: 400, body: { error: 'invalid_grant' } };
    fleet.sandbox.fault({ on: 'token', delay: 1_000, ...refused });
    const last = fleet.sandbox.requests.at(-1)?.id ?? 0;
    const night = await fleet.night();
    const isRefresh = ({ endpoint, id }: SandboxRequest) => endpoint === 'token' && id > last;
    await until('the refresh', () => fleet.sandbox.requests.some(isRefresh));
    await fleet.consent('returning');
    await until('it is done', async () => (await fleet.count('fleet_runs', night, "outcome = 'done'")) === 1);
    expect((await fleet.database.counts()).ended).to.equal(0);
    expect(fleet.told.filter(({ key }) => key === 'returning')).to.deep.equal([]);
  });

  it('takes no notice of a mark for tokens that a new consent has replaced', async () => {
    await fleet.customers(['reconnected']);
    const before = await fleet.connections.current('reconnected');
    await fleet.consent('reconnected');
    await fleet.database.end('reconnected', before ?? { version: '', consent: 0 }, 'refused');
    expect(await fleet.database.counts()).to.include({ ended: 0, untold: 0 });
  });

  it('finds a consent ended that was revoked, if only the API says so', async () => {
    fleet.sandbox.setVariants({ refreshAfterRevocation: 'works' });
    await fleet.customers(['revoked']);
    await fleet.sandbox.revoke(fleet.sandbox.consents.find(({ user }) => user === 'revoked')?.id);
    const night = await fleet.night();
    const { planner, ...rest } = parts();
    await work({ night, key: 'revoked' }, rest, never);
    expect((await fleet.database.counts()).ended).to.equal(1);
    expect(fleet.asked('api').map(({ status }) => status)).to.deep.equal([403, 403]);
    await planner.close();
  });

  it('tells the others if one customer cannot be told', async () => {
    await fleet.customers(['unreachable', 'reachable']);
    fleet.unreachable.add('unreachable');
    fleet.told.length = 0;
    for (const key of ['unreachable', 'reachable']) {
      const current = await fleet.connections.current(key);
      await fleet.database.end(key, { version: current?.version ?? '', consent: 1 }, 'refused');
    }
    await fleet.worker();
    await until('one is told', async () => (await fleet.database.counts()).untold === 1);
    expect(fleet.told.map(({ key }) => key)).to.deep.equal(['reachable']);
  });

  it('gives up on a call that is wrong, for this night, and says why', async () => {
    await fleet.customers(['wrong']);
    const night = await fleet.night();
    const { planner, ...rest } = parts();
    await work({ night, key: 'wrong' }, { ...rest, calls: ['/2026-07/no-such-thing'] }, never);
    const { rows } = await fleet.database.pool.query('SELECT * FROM fleet_runs WHERE night = $1', [night]);
    expect(rows).to.have.length(1);
    expect(rows[0]).to.include({ key: 'wrong', outcome: 'failed', reason: 'the API responded 404' });
    await planner.close();
  });

  it('waits as long as Criteo says after a 429, by Criteo’s clock', async () => {
    await fleet.customers(['limited']);
    const night = await fleet.night();
    const { planner, ...rest } = parts();
    const inTen = { 'x-ratelimit-reset': '1700000010', date: new Date(1_700_000_000_000).toUTCString() };
    fleet.sandbox.fault({ on: 'api', status: 429, headers: inTen, times: 'always' });
    const job = { night, key: 'limited' };
    const outcome = await work(job, rest, never);
    expect(outcome).to.deep.include({ kind: 'later', seconds: 10, isOutage: false });
    const asked = fleet.asked('api').length;
    expect(await work(job, rest, never))
      .to.have.property('seconds')
      .that.is.within(5, 10);
    expect(fleet.asked('api')).to.have.length(asked);
    await planner.close();
  });

  it('refreshes a paused connection in time, and tells the customer once if that does not help', async () => {
    const old = 175 * 86_400_000;
    await fleet.customers(['paused', 'old'], old);
    await fleet.database.pool.query("UPDATE fleet_connections SET paused = true WHERE key = 'paused'");
    fleet.told.length = 0;
    const first = await fleet.night();
    await fleet.worker();
    await until('both are done and told', async () => {
      return fleet.told.length >= 2 && (await fleet.count('fleet_runs', first)) === 2;
    });
    expect(fleet.told.map(({ key, kind }) => `${key} ${kind}`)).to.have.members(['paused expiring', 'old expiring']);
    expect(fleet.asked('token')).to.have.length(2);
    expect(fleet.asked('api')).to.have.length(calls.length);
    // Criteo gives a new refresh token: that is good for six months.
    fleet.sandbox.setVariants({ refreshToken: 'rotated' });
    const night = await fleet.night();
    await until('both are done', async () => (await fleet.count('fleet_runs', night)) === 2);
    const { rows } = await fleet.database.pool.query(
      "SELECT key FROM fleet_connections WHERE refresh_until > now() + interval '170 days'",
    );
    expect(rows).to.deep.equal([{ key: 'paused' }]);
    expect(fleet.told).to.have.length(2);
  });

  it('does a night with clocks that are 50 seconds apart, with one refresh for each connection', async () => {
    const some = customers.slice(0, 40);
    await fleet.customers(some);
    const skewed = join(__dirname, 'fixtures/skewed-clock.cjs');
    const start = (skew: string) => fleet.worker({ CLOCK_SKEW: skew }, ['--require', skewed]);
    const night = await fleet.night();
    await Promise.all([start('25000'), start('-25000')]);
    await until(
      'all are done',
      async () => (await fleet.count('fleet_runs', night, "outcome = 'done'")) === some.length,
    );
    expect(fleet.asked('token')).to.have.length(some.length);
    expect(fleet.asked('api')).to.have.length(some.length * calls.length);
  });

  it('sends metrics to an OpenTelemetry collector', async () => {
    const bodies: string[] = [];
    const collector = createServer(async (req, res) => {
      bodies.push(Buffer.concat(await req.toArray()).toString());
      res.setHeader('content-type', 'application/json').end('{}');
    }).listen(0, '127.0.0.1');
    await until('it listens', () => collector.listening);
    await fleet.customers(['measured']);
    const { port } = collector.address() as AddressInfo;
    const night = await fleet.night();
    const worker = await fleet.worker({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    await until('it is done', async () => (await fleet.count('fleet_runs', night)) === 1);
    worker.kill('SIGTERM');
    await until('the worker has ended', () => worker.exitCode === 0);
    collector.close();
    const sent = bodies.join();
    expect(sent).to.contain('http.client.request.duration').and.contain('/oauth2/token').and.contain('fleet.jobs');
    expect(sent).not.to.match(/Bearer|refresh_token/);
  });
});
