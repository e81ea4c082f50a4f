// A page that shows flags of the demo, as a server renders it and as a browser hydrates it.

import { Feature, useFlag, useFlagDetails, useFlags } from '@flagstaff/react';
import { FlagsBootstrap } from '@flagstaff/react/server';

export function Shop() {
  const gallery = useFlag('wishlist-gallery');
  const { value: text, source, isLoading } = useFlagDetails('wishlist-button-text', 'Add');
  const { columns } = useFlag('wishlist-layout', { columns: 0 });
  return (
    <main>
      <p id="gallery">{gallery ? 'Gallery' : 'List'}</p>
      <button type="button" id="text" data-source={source} data-loading={isLoading}>
        {text}
      </button>
      <p id="columns">{columns}</p>
      <Feature flag="wishlist-add-item" fallback={<i id="old">Old</i>}>
        <b id="new">New</b>
      </Feature>
      <Everything />
    </main>
  );
}

function Everything() {
  const { isFeatureEnabled, get } = useFlags();
  return (
    <p id="all">
      {String(isFeatureEnabled('wishlist-gallery'))} {get('wishlist-max-items', 0)}
    </p>
  );
}

/** The whole page, so that the element of the bootstrap is hydrated too. */
export function Page({ bootstrap, nonce, children }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <title>Shop</title>
      </head>
      <body>
        <FlagsBootstrap bootstrap={bootstrap} nonce={nonce} />
        {children}
        <script src="/app.js" async nonce={nonce} suppressHydrationWarning />
      </body>
    </html>
  );
}
