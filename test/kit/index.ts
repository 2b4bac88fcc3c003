/** `systole/testing`: for Node, and for any test runner. */
export { steppedClock, type SteppedClock } from './clock.ts';
export type { Dial, FaultClient } from './fault-client.ts';
export { type FaultLink, type FaultProxy, faultProxy, type FaultTarget, type TcpFaults } from './fault-proxy.ts';
export type { DelayOptions, Direction, Faults } from './faults.ts';
export { type FaultServer, faultServer, type FaultServerOptions } from './fault-server.ts';
export { type Data, goodManners, Host, type HostClock, type Manners, type Peer } from './manners.ts';
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
export { absurdAnswers, rubbish, wrongNames } from './rubbish.ts';
export type {
  Habits,
  Refusal,
  VirtualLink,
  VirtualPeer,
  VirtualServer,
  VirtualWebSocket,
} from './virtual-web-socket.ts';
export {
  type VirtualWorld,
  virtualWorld,
  type VirtualWorldOptions,
  type Watcher,
  type WorldlyOptions,
} from './virtual-world.ts';
