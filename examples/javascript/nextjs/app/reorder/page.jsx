import { notFound } from 'next/navigation';
import { getFlag } from '../flags.js';

export default async function Reorder() {
  if (!(await getFlag('wishlist-reorder'))) {
    notFound();
  }
  return <h1>Reorder</h1>;
}
