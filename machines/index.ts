export { type Backoff, type BackoffFunction, longestStatedDelay } from './backoff.ts';
export { connectionMachine, type Context, type Input, stateOf } from './connection.ts';
export type {
  Cause,
  CloseInfo,
  Fact,
  Line,
  LivingActor,
  Liveness,
  Loss,
  Obstacle,
  Order,
  Output,
  Report,
  State,
  Wake,
  Warning,
  WorldFact,
} from './events.ts';
export type { NextDial } from './next-dial.ts';
export type { Reckoning, ServerClock } from './server-clock.ts';
export type { SessionRecord } from './session.ts';
export { defaultSettings, detectionBound, type Heartbeat, type PartialSettings, type Settings } from './settings.ts';
