import { expect } from 'chai';
import { HookTimeoutError } from '../../lib/errors';
import type { Answer } from './strategy';

/** The option `timeout` of strategies whose hooks hang, in milliseconds. */
export const timeout = 60;
export const boom = new Error('boom');

/** What a callback-style hook can do wrong, and a check of the error that must follow, given how errors name the hook. */
export const misbehaviours: [string, (answer: Answer) => unknown, (error: Error, hook: string) => void][] = [
  [
    'throws',
    () => {
      throw boom;
    },
    isBoom,
  ],
  [
    'throws nothing',
    () => {
      throw undefined;
    },
    hasText('undefined'),
  ],
  [
    'throws a string',
    () => {
      throw 'route';
    },
    hasText('route'),
  ],
  ['rejects', () => Promise.reject(boom), isBoom],
  ['rejects with nothing', () => Promise.reject(undefined), hasText('undefined')],
  ['rejects with null', () => Promise.reject(null), hasText('null')],
  ['rejects later', () => new Promise((_, reject) => setTimeout(reject, 5, boom)), isBoom],
  ['calls back with an error', (answer) => answer(boom), isBoom],
  ['calls back with a string for an error', (answer) => answer('route'), hasText('route')],
  ['calls back with an error later', (answer) => setTimeout(answer, 5, boom), isBoom],
  [
    'calls back with an error and then throws',
    (answer) => {
      answer(boom);
      throw new Error('late');
    },
    isBoom,
  ],
  [
    'calls back with an error and then rejects',
    async (answer) => {
      answer(boom);
      throw new Error('late');
    },
    isBoom,
  ],
  [
    'calls back with two errors',
    (answer) => {
      answer(boom);
      answer(new Error('second'));
    },
    isBoom,
  ],
  ['never calls back', () => {}, isTimeout],
  ['returns a promise that never settles', () => new Promise(() => {}), isTimeout],
];

/** All except the last, for hooks that may take half a second longer than `timeout`. */
export const quick = misbehaviours.slice(0, -1);

function isBoom(error: Error): void {
  expect(error).to.equal(boom);
}

function hasText(text: string): (error: Error, hook: string) => void {
  return (error, hook) => {
    expect(error).to.be.instanceOf(Error);
    expect(error.message).to.equal(`${hook} failed: ${text}`);
  };
}

export function isTimeout(error: Error, hook: string): void {
  expect(error).to.be.instanceOf(HookTimeoutError);
  expect(error).to.include({ code: 'hook_timeout', status: 503 });
  expect(error.message).to.contain(`${hook} did not respond within`);
}
