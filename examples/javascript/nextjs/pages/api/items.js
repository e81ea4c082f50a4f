import { currentFlags } from '@flagstaff/node';
import { requireFlag } from '../../app/flags.js';

export default requireFlag('wishlist-add-item', (_request, response) => {
  response.status(201).json({ limit: currentFlags().get('wishlist-max-items', 20) });
});
