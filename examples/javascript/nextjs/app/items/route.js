import { getFlag, requireFlag } from '../flags.js';

// 404 with {"error": "Feature not available"} while the flag is off.
export const POST = requireFlag('wishlist-add-item', async () =>
  Response.json({ limit: await getFlag('wishlist-max-items', 20) }, { status: 201 }),
);
