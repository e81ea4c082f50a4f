import { Feature, useFlag, useFlagDetails, useFlagsClient } from '@flagstaff/react';
import { useState } from 'react';

export function Wishlist() {
  const { value: isGallery, isLoading } = useFlagDetails('wishlist-gallery', false);
  const text = useFlag('wishlist-button-text', 'Add');
  if (isLoading) {
    return <p>Loading</p>;
  }
  return (
    <main>
      <h1>{isGallery ? 'Gallery' : 'List'}</h1>
      <button type="button">{text}</button>
      <Feature flag="wishlist-add-item" fallback={<p>Coming soon: your own items</p>}>
        <p>Add your own items</p>
      </Feature>
      <Plan />
    </main>
  );
}

function Plan() {
  const client = useFlagsClient();
  const items = useFlag('wishlist-max-items', 0);
  const [isPlus, setPlus] = useState(false);
  const choose = ({ target }) => {
    setPlus(target.checked);
    client.setContext({ ...client.context, plan: target.checked ? 'plus' : 'free' });
  };
  return (
    <label>
      <input type="checkbox" checked={isPlus} onChange={choose} /> Plus: up to {items} items
    </label>
  );
}
