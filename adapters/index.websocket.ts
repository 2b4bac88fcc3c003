/** `systole/websocket`: a WebSocket for machines, and one for everything else. */
export type { Amount, BufferBounds, Dropped, Sendable } from './buffer.ts';
export type { HeartbeatCloseEvent, HeartbeatErrorEvent, HeartbeatWebSocketEventMap } from './drop-in.events.ts';
export { HeartbeatWebSocket, HeartbeatWebSocket as default } from './drop-in.ts';
export type { HeartbeatWebSocketOptions } from './drop-in.options.ts';
export { connectionInput, type ConnectionOptions } from './options.ts';
export type { Frame, Protocol } from './protocols/protocol.ts';
export { type ConnectionActor, type DataPlane, lineOf, type MessageListener, webSocketActor } from './websocket.ts';
