import { FlagsProvider, useFlag } from '@flagstaff/react';
import { FlagsDevtools } from '@flagstaff/react/devtools';
import { createRoot } from 'react-dom/client';

const { url, key } = globalThis.config;

function Shown() {
  return (
    <p id="shown">
      {String(useFlag('wishlist-gallery'))} {useFlag('wishlist-button-text', 'none')}
    </p>
  );
}

createRoot(document.getElementById('root')).render(
  <FlagsProvider options={{ url, key, context: { targetingKey: 'user-1' } }}>
    <Shown />
    <FlagsDevtools isOpen />
  </FlagsProvider>,
);
