// OpenFeature's own hooks, over the client of @flagstaff/web.

import { Client } from '@flagstaff/web';
import { FlagstaffProvider } from '@flagstaff/web/openfeature';
import { OpenFeature, OpenFeatureProvider, useFlag } from '@openfeature/react-sdk';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

const { url, key } = globalThis.config;
globalThis.renderings = { gallery: 0, items: 0 };

function Gallery() {
  globalThis.renderings.gallery += 1;
  return <p id="gallery">{String(useFlag('wishlist-gallery', false).value)}</p>;
}

function Items() {
  globalThis.renderings.items += 1;
  return <p id="items">{useFlag('wishlist-max-items', 0).value}</p>;
}

OpenFeature.setContext({ targetingKey: 'user-1' });
OpenFeature.setProviderAndWait(new FlagstaffProvider(new Client({ url, key }))).then(() =>
  createRoot(document.getElementById('root')).render(
    <StrictMode>
      <OpenFeatureProvider>
        <Gallery />
        <Items />
      </OpenFeatureProvider>
    </StrictMode>,
  ),
);
globalThis.setContext = (context) => OpenFeature.setContext(context);
