import { FlagsProvider } from '@flagstaff/react';
import { Client } from '@flagstaff/web';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Wishlist } from './Wishlist.jsx';

const client = new Client({
  url: import.meta.env.VITE_FLAGSTAFF_URL,
  key: import.meta.env.VITE_FLAGSTAFF_KEY,
  context: { targetingKey: 'user-1' },
});
client.start();

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <FlagsProvider client={client}>
      <Wishlist />
    </FlagsProvider>
  </StrictMode>,
);
