/** `systole/testing`: for Node. */
export { steppedClock, type SteppedClock } from './clock.ts';
export {
  type DelayOptions,
  type Direction,
  type FaultLink,
  type FaultProxy,
  faultProxy,
  type Faults,
} from './fault-proxy.ts';
export {
  type ConnectionModel,
  connectionModel,
  type Hand,
  type HandName,
  type Hands,
  type ModelOptions,
  type ModelPath,
  type ModelReport,
  type ModelStep,
  type Moment,
  type WalkedConnection,
} from './model.ts';
