import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { Inbox } from './Inbox';

function App() {
  const [session, setSession] = useState(newSession);
  return <Inbox session={session} onSignIn={() => setSession(newSession())} />;
}

/** Where there are users, the login answers with it. */
function newSession() {
  return Math.random().toString(36).slice(2);
}

createRoot(document.querySelector('#app')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
