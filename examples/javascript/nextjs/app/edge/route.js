import { Client } from '@flagstaff/node/edge';

export const runtime = 'edge';

let client;

export async function GET(request) {
  client ??= new Client({ url: process.env.FLAGSTAFF_URL, key: process.env.FLAGSTAFF_KEY });
  await client.ready();
  const flags = client.forContext({ targetingKey: request.cookies.get('user')?.value });
  return Response.json({ view: flags.isEnabled('wishlist-gallery') ? 'gallery' : 'list' });
}
