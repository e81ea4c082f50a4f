// The deployments on which every end-to-end test must pass.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from './server.mjs';
import { Service } from './service.mjs';

/** One process with an SQLite file. */
export class SingleNode {
  static title = 'one node on SQLite';
  #folder;

  /** `options` are more options of the server. */
  static async start(options = []) {
    const deployment = new SingleNode();
    deployment.#folder = await mkdtemp(join(tmpdir(), 'flagstaff-e2e-'));
    deployment.database = `sqlite://${join(deployment.#folder, 'flagstaff.db')}`;
    deployment.writer = await Server.start(['--database', deployment.database, ...options]);
    deployment.reader = deployment.writer;
    return deployment;
  }

  async stop() {
    await this.writer?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Two nodes: flags are changed at one (`writer`), and programs use the other (`reader`). */
export class TwoNodes {
  static title = 'two nodes on PostgreSQL and Redis';

  static async start() {
    const deployment = new TwoNodes();
    deployment.postgres = await Service.start('postgres');
    deployment.redis = await Service.start('redis');
    const shared = [
      ...['--database', `postgres://flagstaff:secret@127.0.0.1:${deployment.postgres.port}/postgres`],
      ...['--redis', `redis://127.0.0.1:${deployment.redis.port}`],
      ...['--encryption-keys', 'the-encryption-key-of-these-tests'],
    ];
    deployment.writer = await Server.start(shared);
    deployment.reader = await Server.start(shared);
    return deployment;
  }

  async stop() {
    await this.writer?.stop();
    await this.reader?.stop();
    await this.redis?.stop();
    await this.postgres?.stop();
  }
}

export const DEPLOYMENTS = [SingleNode, TwoNodes];
