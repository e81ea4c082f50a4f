import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { TestClient } from '@flagstaff/node/testing';
import { createApp } from './app.mjs';

test('wishes can be added where the flag is on', async (context) => {
  const client = new TestClient({ 'wishlist-add-item': false });
  const server = createApp(client).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/items/new`;

  assert.equal((await fetch(url)).status, 404);
  client.set({ 'wishlist-add-item': true });
  assert.equal((await fetch(url)).status, 200);
});
