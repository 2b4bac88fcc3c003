export { type Backoff, type BackoffFunction, longestStatedDelay } from './backoff.ts';
export { connectionMachine, type Context, type Input, type ServerClock, stateOf } from './connection.ts';
export type { Cause, CloseInfo, Fact, Line, Liveness, Loss, Order, Output, Report, State, Wake } from './events.ts';
export { defaultSettings, detectionBound, type Heartbeat, type PartialSettings, type Settings } from './settings.ts';
