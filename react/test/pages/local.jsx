// Flags that the page evaluates itself, with the panel of the developer tools.

import { FlagsProvider, useFlag, useFlagDetails } from '@flagstaff/react';
import { FlagsDevtools } from '@flagstaff/react/devtools';
import { Client } from '@flagstaff/web/local';
import { createRoot } from 'react-dom/client';

const { url, key, wasm } = globalThis.config;
const client = new Client({ url, key, wasm, context: { targetingKey: 'user-1' } });
globalThis.client = client;
globalThis.renderings = { gallery: 0, items: 0 };

function Gallery() {
  globalThis.renderings.gallery += 1;
  return <p id="gallery">{String(useFlag('wishlist-gallery'))}</p>;
}

function Items() {
  globalThis.renderings.items += 1;
  const { value, source, reason } = useFlagDetails('wishlist-max-items', 1);
  return (
    <p id="items" data-source={source} data-reason={reason}>
      {value}
    </p>
  );
}

createRoot(document.getElementById('root')).render(
  <FlagsProvider client={client}>
    <Gallery />
    <Items />
    <FlagsDevtools isOpen />
  </FlagsProvider>,
);
