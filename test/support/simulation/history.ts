import { Connections } from '../../../lib/tokens/connections';
import { readOptions } from '../../../lib/tokens/options';
import type { StoredTokenSet } from '../../../lib/tokens/stored-tokens';
import { type Asked, type Consent, Criteo, type Rotation, SimulatedClient } from './criteo';
import { Shared } from './shared';
import { type Course, type Process, VirtualTime } from './virtual-time';

/** What happens in a history, one thing after the other. */
export interface Action {
  kind: 'call' | 'refused' | 'force' | 'consent' | 'delete' | 'freeze' | 'kill' | 'close' | 'revoke';
  process: number;
  key: number;
  /** Milliseconds until the next thing happens. */
  pause: number;
}

/** How the processes share their tokens. */
export interface Setting {
  isAtomic: boolean;
  hasLock: boolean;
  processes: number;
}

/** One history of an app, as fast-check makes and shrinks it. */
export interface History {
  setting: Setting;
  rotation: Rotation;
  actions: Action[];
  /** Decide in turn how the operations go. */
  courses: number[];
}

/** A `save` or `delete` of the app. */
interface Intent {
  by: Process;
  key: string;
  /** Nothing, if the tokens were deleted. */
  consent: Consent | undefined;
  startedAt: number;
  endedAt: number;
  isDone: boolean;
}

const TIMEOUT = 2000;
const EPOCH = 1_790_000_000_000;
const keys = ['ada', 'bob'];

/** How an operation goes: mostly well, at times slowly, late, or not at all. */
function courseOf(choice: number): Course {
  const quick = { there: 1 + (choice % 7), back: 1 + (choice % 5), outcome: 'done' } as const;
  if (choice < 70) return quick;
  if (choice < 78) return { ...quick, there: 150, back: 50 };
  // Longer than the timeout, on the way there or back.
  if (choice < 84) return { ...quick, there: TIMEOUT * (1 + (choice % 3)) };
  if (choice < 89) return { ...quick, back: TIMEOUT * (1 + (choice % 3)) };
  if (choice < 93) return { ...quick, outcome: 'refused' };
  if (choice < 97) return { ...quick, outcome: 'lost' };
  return { ...quick, outcome: 'silent' };
}

interface Worker extends Process {
  connections: Connections;
  calls: { settled: boolean }[];
}

/** Lives through a history and returns how it broke the rule, or nothing. */
export async function live({ setting, rotation, actions, courses }: History): Promise<string[]> {
  const broken: string[] = [];
  const time = new VirtualTime();
  const wall = (): number => EPOCH + time.now;
  const isGentle = actions.every(({ kind }) => kind !== 'freeze' && kind !== 'kill');
  let calm = false;
  let turn = 0;
  const course = (): Course => {
    turn += 1;
    return courseOf(calm ? 0 : (courses[turn % courses.length] ?? 0));
  };

  const onAsked = ({ refreshToken, by, sentAt, knownAt }: Asked, consent: Consent): void => {
    const stored = shared.read(consent.key)?.refreshToken;
    const newer = criteo.consentOf(stored);
    if (!stored || stored === refreshToken || !newer || newer.id < consent.id) return;
    const storedAt = shared.storedAt.get(stored) ?? 0;
    if (storedAt < knownAt) broken.push(`${refreshToken} was used by ${by.name}, which knew ${stored}`);
    if (setting.hasLock && isGentle && shared.lostLocks === 0 && newer.id === consent.id && storedAt < sentAt) {
      broken.push(`${refreshToken} was used under a lock after ${stored} was stored`);
    }
  };
  const onWrite = (key: string, tokens: StoredTokenSet | undefined): void => {
    const minted = criteo.minted(tokens?.refreshToken);
    if (minted) minted.isStored = true;
    if (tokens?.reauthorizeSince === undefined) return;
    const consent = criteo.consentOf(tokens.refreshToken);
    if (!consent || consent.isRevoked) return;
    const isFirst = !dead.has(key);
    dead.add(key);
    const keepsToken = rotation === 'same' || rotation === 'none';
    // With rotation, a token that was lost with its process is lost; and without a lock two refreshes may cross.
    const isLost = criteo.hasLost(consent) || criteo.isUnsaved(consent, 3 * TIMEOUT);
    const isExcused = isLost || !setting.hasLock || !isGentle || shared.lostLocks > 0;
    if (isFirst && (keepsToken || !isExcused)) broken.push(`${key} was declared dead with ${tokens.refreshToken}`);
  };
  const criteo = new Criteo(time, rotation, onAsked);
  const shared = new Shared(time, onWrite);
  const dead = new Set<string>();

  const start = (name: string): Worker => {
    const worker = { name, isKilled: false, hasEnded: false, frozenUntil: 0, calls: [] } as unknown as Worker;
    const client = new SimulatedClient(TIMEOUT, criteo, {
      time,
      owner: worker,
      course,
      wall,
      knownAt: (key) => shared.knownAt(worker, key),
    });
    const store = shared.store(worker, course, setting.isAtomic);
    const lock = setting.hasLock ? shared.lock(worker, course) : undefined;
    const options = readOptions({ client, store, lock, now: wall });
    worker.connections = new Connections(options, TIMEOUT, time.timers(worker));
    return worker;
  };
  let starts = 0;
  const workers = Array.from({ length: setting.processes }, (_, i) => start(`process ${i}`));
  const all = [...workers];
  const restart = (index: number): void => {
    starts += 1;
    const worker = start(`process ${index} (start ${starts + 1})`);
    workers[index] = worker;
    all.push(worker);
  };

  const intents: Intent[] = [];
  const note = (worker: Worker, intent: Intent, promise: Promise<void>): void => {
    intents.push(intent);
    const end = (isDone: boolean) => () => {
      intent.isDone = isDone;
      intent.endedAt = time.now;
    };
    track(worker, promise.then(end(true), end(false)));
  };
  const track = (worker: Worker, promise: Promise<unknown>): void => {
    const call = { settled: false };
    worker.calls.push(call);
    const settle = (): void => {
      call.settled = true;
    };
    promise.then(settle, settle);
  };
  const consents = (worker: Worker, key: string): void => {
    const { consent, tokens } = criteo.consent(key, wall());
    dead.delete(key);
    const intent = { by: worker, key, consent, startedAt: time.now, endedAt: Number.POSITIVE_INFINITY, isDone: false };
    note(worker, intent, worker.connections.save(key, tokens));
  };

  const act = ({ kind, process, key: which }: Action): void => {
    const index = process % workers.length;
    const worker = workers[index] as Worker;
    const key = keys[which % keys.length] as string;
    const { connections } = worker;
    switch (kind) {
      case 'call':
        return track(worker, connections.current(key, false));
      case 'refused':
        return track(worker, connections.current(key, shared.read(key)?.accessToken ?? 'none'));
      case 'force':
        return track(worker, connections.current(key, true));
      case 'consent':
        return consents(worker, key);
      case 'delete': {
        const intent = {
          by: worker,
          key,
          consent: undefined,
          startedAt: time.now,
          endedAt: Number.POSITIVE_INFINITY,
          isDone: false,
        };
        return note(worker, intent, connections.delete(key));
      }
      case 'freeze':
        worker.frozenUntil = time.now + 7000;
        return;
      case 'kill':
        worker.isKilled = true;
        worker.hasEnded = true;
        for (const intent of intents) if (!intent.isDone) intent.endedAt = Math.min(intent.endedAt, time.now);
        return restart(index);
      case 'close':
        track(
          worker,
          connections.close().then(() => {
            worker.hasEnded = true;
          }),
        );
        return restart(index);
      case 'revoke':
        for (const consent of criteo.consents) if (consent.key === key) consent.isRevoked = true;
        return;
    }
  };

  for (const key of keys) consents(workers[0] as Worker, key);
  await time.run(1000);
  for (const action of actions) {
    // A frozen process does not act.
    const worker = workers[action.process % workers.length];
    time.note(worker, action.kind);
    if (worker && worker.frozenUntil <= time.now) act(action);
    await time.run(time.now + action.pause);
  }
  calm = true;
  await time.run(time.now + 600_000);

  for (const worker of all) {
    if (!worker.isKilled && worker.calls.some(({ settled }) => !settled))
      broken.push(`a call of ${worker.name} never ended`);
  }
  // Everything is up again: each connection is used once more, in a moment when it has to be refreshed.
  await time.run(time.now + 1_000_000);
  for (const key of keys) for (const worker of workers) track(worker, worker.connections.current(key, false));
  await time.run(time.now + 600_000);

  for (const key of keys) {
    const own = intents.filter((intent) => intent.key === key);
    // A later intent, started when another had ended, replaces that. Only a delete that found nothing leaves nothing that
    // could stop a first `save` of another process that is late.
    const replaces = (other: Intent, one: Intent): boolean =>
      other.isDone &&
      other.startedAt > one.endedAt &&
      (one.isDone || other.consent !== undefined || one.by === other.by);
    const standing = own.filter((one) => !own.some((other) => replaces(other, one)));
    const row = shared.read(key);
    const consent = criteo.consentOf(row?.accessToken);
    const allowed = standing.map((intent) => intent.consent?.id ?? 'none');
    if (!own.some(({ isDone }) => isDone)) allowed.push('none');
    if (!allowed.includes(consent?.id ?? 'none')) {
      broken.push(
        `${key} has ${row?.accessToken ?? 'nothing'} at the end, but should come from ${allowed.join(' or ')}`,
      );
      continue;
    }
    if (!row || !consent || consent.isRevoked || criteo.hasLost(consent)) continue;
    if (row.reauthorizeSince !== undefined) broken.push(`${key} is dead at the end with ${row.refreshToken}`);
    else if (!criteo.honours(row.refreshToken))
      broken.push(`${key} ended with ${row.refreshToken}, which is worth nothing`);
  }
  return broken.length > 0 && process.env['TRACE'] ? [...broken, ...time.log] : broken;
}
