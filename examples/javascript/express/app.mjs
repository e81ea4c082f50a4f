import { flagsMiddleware, requireFlag } from '@flagstaff/node/express';
import express from 'express';

export function createApp(client) {
  const app = express();

  // Who asks: here a header, in an application of yours the session.
  const context = (request) => ({ targetingKey: request.get('x-user'), plan: request.get('x-plan') });
  app.use(flagsMiddleware(client, { context }));

  app.get('/', (request, response) => {
    const layout = request.flags.get('wishlist-layout', { columns: 1 });
    response.json({
      view: request.flags.isEnabled('wishlist-gallery') ? 'gallery' : 'list',
      columns: layout.columns,
      limit: request.flags.get('wishlist-max-items', 20),
    });
  });

  // 404 with {"error": "Feature not available"} while the flag is off.
  app.get('/items/new', requireFlag('wishlist-add-item'), (_request, response) => response.send('a new wish'));

  // What a page needs of the flags, for the option `bootstrap` of @flagstaff/web.
  app.get('/bootstrap.json', (request, response) => response.json(client.bootstrapFor(context(request))));

  return app;
}
