import { Feature } from '@flagstaff/react';
import { getFlag } from './flags.js';
import { Wishlist } from './Wishlist.jsx';

export default async function Page() {
  return (
    <main>
      <p id="server">up to {await getFlag('wishlist-max-items', 0)} items</p>
      <Wishlist />
      <Feature flag="wishlist-add-item" fallback={<p>Coming soon</p>}>
        <p>Add your own items</p>
      </Feature>
    </main>
  );
}
