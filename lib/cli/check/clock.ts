import { NoReplyError } from '../request';
import { type Check, finding } from './context';

const good = 10_000;
/** What the sandbox and many servers allow for signed requests. What Criteo allows is not documented. */
const bad = 60_000;

/** Compares this machine's clock with the `Date` header of the first response. */
export const clock: Check = {
  id: 'clock',
  what: 'Clock of this machine',
  run({ contact }) {
    if (!contact || contact instanceof NoReplyError) return finding('skipped', 'there was no response to compare with');
    const { headers, sentAt, receivedAt } = contact;
    const theirs = Date.parse(headers.date ?? '');
    if (Number.isNaN(theirs)) return finding('unknown', 'the response says no date');
    // The header has whole seconds, so on average half a second is missing.
    const off = (sentAt + receivedAt) / 2 - (theirs + 500);
    const seconds = Math.round(Math.abs(off) / 1000);
    if (Math.abs(off) <= good) return finding('ok', `right, ${seconds} seconds off`);
    const seen = `${seconds} seconds ${off > 0 ? 'ahead of' : 'behind'} the API's`;
    const advice =
      'Set it by a time server (NTP): signed consent URLs carry its time, and waiting times are counted by it.';
    return finding(Math.abs(off) > bad ? 'wrong' : 'ok', seen, advice);
  },
};
