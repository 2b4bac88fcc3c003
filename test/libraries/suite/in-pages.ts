import type { Library } from '../library.ts';
import { actionCable } from './actioncable.ts';
import { apollo } from './apollo.ts';
import { graphqlWs } from './graphql-ws.ts';
import { homeAssistant } from './home-assistant.ts';
import { mqttJs } from './mqtt.ts';
import { nats } from './nats.ts';
import { phoenix } from './phoenix.ts';
import { pusher } from './pusher.ts';
import { reactUseWebSocket } from './react-use-websocket.ts';
import { rxjs } from './rxjs.ts';
import { supabase } from './supabase.ts';
import { trpc } from './trpc.ts';
import { viem } from './viem.ts';
import { vueuse } from './vueuse.ts';

/** Those to whose servers a dialect can speak. */
export const inPages: Readonly<Record<string, Library>> = {
  'graphql-ws': graphqlWs,
  'Apollo Client': apollo,
  tRPC: trpc,
  'mqtt.js': mqttJs,
  NATS: nats,
  phoenix,
  'Supabase Realtime': supabase,
  'pusher-js': pusher,
  'Action Cable': actionCable,
  'Home Assistant': homeAssistant,
  viem,
  'rxjs webSocket()': rxjs,
  'vueuse useWebSocket()': vueuse,
  'react-use-websocket': reactUseWebSocket,
};
