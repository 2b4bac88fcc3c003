import { Inbox } from './Inbox';

// The address is the server's to know, and is known when it runs.
export const dynamic = 'force-dynamic';

export default function Page() {
  return <Inbox feed={process.env.FEED} interval={Number(process.env.HEARTBEAT ?? 25_000)} />;
}
