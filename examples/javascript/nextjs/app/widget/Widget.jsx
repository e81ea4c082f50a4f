'use client';

import { Client } from '@flagstaff/web';
import { useEffect, useState } from 'react';

const url = process.env.NEXT_PUBLIC_FLAGSTAFF_URL;
const key = process.env.NEXT_PUBLIC_FLAGSTAFF_KEY;

export function Widget() {
  const [text, setText] = useState('…');
  useEffect(() => {
    const client = new Client({ url, key });
    const { value, source } = client.details('wishlist-gallery', false);
    setText(`${value ? 'gallery' : 'list'} of the ${source}`);
  }, []);
  return <p id="widget">{text}</p>;
}
