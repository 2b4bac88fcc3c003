/**
 * Phoenix channels as a server speaks them, with the serializers of `vsn` 1.0.0 and 2.0.0
 * (https://hexdocs.pm/phoenix/writing_a_channels_client.html, `Phoenix.Socket.V1.JSONSerializer` and `V2`). Every topic may be joined. Supabase's Realtime is one, too.
 */
import type { WebSocket, WebSocketServer } from 'ws';

interface Message {
  join_ref: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

interface Client {
  socket: WebSocket;
  vsn: string;
  /** What each topic was joined with. */
  joined: Map<string, string | null>;
}

export class PhoenixServer {
  readonly #clients = new Set<Client>();
  /** The refs of all heartbeats that were answered. */
  readonly heartbeats: unknown[] = [];

  readonly serve = (server: WebSocketServer): void => {
    server.on('connection', (socket, request) => {
      const vsn = new URL(request.url ?? '', 'ws://x').searchParams.get('vsn') ?? '1.0.0';
      const client: Client = { socket, vsn, joined: new Map() };
      this.#clients.add(client);
      socket.on('close', () => this.#clients.delete(client));
      socket.on('message', (data, isBinary) => {
        if (!isBinary) this.#hear(client, decoded((data as Buffer).toString()));
      });
    });
  };

  /** To all that have joined it. */
  broadcast(topic: string, event: string, payload: unknown): void {
    for (const client of this.#clients) {
      if (client.joined.has(topic)) say(client, { join_ref: null, ref: null, topic, event, payload });
    }
  }

  #hear(client: Client, message: Message): void {
    const { topic, event, ref, join_ref, payload } = message;
    const reply = (status: string, response: unknown) =>
      say(client, { join_ref, ref, topic, event: 'phx_reply', payload: { status, response } });
    if (topic === 'phoenix' && event === 'heartbeat') {
      this.heartbeats.push(ref);
      return reply('ok', {});
    }
    if (event === 'phx_join') {
      client.joined.set(topic, join_ref);
      // Supabase's client wants to be told of the changes that it may hear: none.
      return reply('ok', topic.startsWith('realtime:') ? { postgres_changes: [] } : {});
    }
    if (!client.joined.has(topic)) return reply('error', { reason: 'unmatched topic' });
    if (event === 'phx_leave') {
      client.joined.delete(topic);
      reply('ok', {});
      return say(client, { join_ref, ref, topic, event: 'phx_close', payload: {} });
    }
    // An echo; of a token there is no answer.
    if (event !== 'access_token') reply('ok', payload);
  }
}

function decoded(text: string): Message {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) return value as Message;
  const [join_ref, ref, topic, event, payload] = value as [string | null, string | null, string, string, unknown];
  return { join_ref, ref, topic, event, payload };
}

function say({ socket, vsn }: Client, { join_ref, ref, topic, event, payload }: Message): void {
  const message = vsn.startsWith('1.') ? { topic, event, payload, ref } : [join_ref, ref, topic, event, payload];
  socket.send(JSON.stringify(message));
}
