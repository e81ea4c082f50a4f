'use client';

import { useFlag, useFlagDetails } from '@flagstaff/react';

export function Wishlist() {
  const { value: isGallery, source } = useFlagDetails('wishlist-gallery', false);
  return (
    <section data-source={source}>
      <h1>{isGallery ? 'Gallery' : 'List'}</h1>
      <button type="button">{useFlag('wishlist-button-text', 'Add')}</button>
    </section>
  );
}
