import { useFlag } from '@flagstaff/react';
import { withFlags } from '../app/flags.js';

export const getServerSideProps = withFlags(async ({ flags }) => ({
  props: { limit: flags.get('wishlist-max-items', 20) },
}));

export default function Classic({ limit }) {
  return (
    <main>
      <h1>{useFlag('wishlist-gallery') ? 'Classic gallery' : 'Classic list'}</h1>
      <p id="server">up to {limit} items</p>
    </main>
  );
}
