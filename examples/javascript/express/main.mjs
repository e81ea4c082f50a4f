import { Client } from '@flagstaff/node';
import { createApp } from './app.mjs';

// The URL and an SDK key of kind `server` are in FLAGSTAFF_URL and FLAGSTAFF_KEY.
const client = new Client({ cacheFile: process.env.FLAGSTAFF_CACHE });
console.log('flags:', await client.ready());

const server = createApp(client).listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.on('SIGTERM', async () => {
  server.close();
  await client.close();
});
