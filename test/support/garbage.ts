import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Runs a full garbage collection, so that a test can measure what is still in memory. */
export const collectGarbage: () => void = runInNewContext('gc');
