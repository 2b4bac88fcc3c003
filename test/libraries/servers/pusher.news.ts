import { overWs } from './over.ts';
import { PusherServer } from './pusher.ts';

export const start = overWs((server) => {
  const pusher = new PusherServer();
  pusher.serve(server);
  return { tell: (news) => pusher.trigger('room', 'news', news) };
});
