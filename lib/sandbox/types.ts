// The public types of the sandbox, by what they are about.
export type * from './types/apps-and-users';
export type * from './types/consents';
export type * from './types/faults';
export type * from './types/options';
export type * from './types/requests';
export type * from './types/sandbox';
