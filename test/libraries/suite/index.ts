import type { Library } from '../library.ts';
import { actionCable } from './actioncable.ts';
import { apollo } from './apollo.ts';
import { automerge } from './automerge.ts';
import { centrifuge } from './centrifuge.ts';
import { colyseus } from './colyseus.ts';
import { graphqlWs } from './graphql-ws.ts';
import { hocuspocus } from './hocuspocus.ts';
import { homeAssistant } from './home-assistant.ts';
import { mqttJs } from './mqtt.ts';
import { nats } from './nats.ts';
import { phoenix } from './phoenix.ts';
import { pusher } from './pusher.ts';
import { reactUseWebSocket } from './react-use-websocket.ts';
import { rxjs } from './rxjs.ts';
import { signalr } from './signalr.ts';
import { socketIo } from './socket-io.ts';
import { stomp } from './stomp.ts';
import { supabase } from './supabase.ts';
import { trpc } from './trpc.ts';
import { viem } from './viem.ts';
import { vueuse } from './vueuse.ts';
import { yWebsocket } from './y-websocket.ts';

/** By the names that their stories have. */
export const libraries: Readonly<Record<string, Library>> = {
  'socket.io': socketIo,
  'graphql-ws': graphqlWs,
  'Apollo Client': apollo,
  tRPC: trpc,
  'mqtt.js': mqttJs,
  stompjs: stomp,
  NATS: nats,
  phoenix,
  'Supabase Realtime': supabase,
  'pusher-js': pusher,
  SignalR: signalr,
  Centrifugo: centrifuge,
  'Action Cable': actionCable,
  'Home Assistant': homeAssistant,
  'y-websocket': yWebsocket,
  Hocuspocus: hocuspocus,
  'automerge-repo': automerge,
  Colyseus: colyseus,
  viem,
  'rxjs webSocket()': rxjs,
  'vueuse useWebSocket()': vueuse,
  'react-use-websocket': reactUseWebSocket,
};
