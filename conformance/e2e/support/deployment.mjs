// The deployments on which every end-to-end test must pass.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PathProxy } from './proxy.mjs';
import { Server, ServerAt } from './server.mjs';
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

/** One node behind a proxy that has a path of its host for it, and removes the path from what it passes on, or does not. */
export class BelowPath {
  #node;

  /** `optionsAt` gives more options of the server, by the address that browsers know. */
  static async start(isRemoved, optionsAt = () => []) {
    const deployment = new BelowPath();
    deployment.proxy = await PathProxy.start('/tools/flags', isRemoved);
    const { url } = deployment.proxy;
    deployment.#node = await SingleNode.start(['--public-url', url, ...(await optionsAt(url))]);
    deployment.proxy.target = deployment.#node.writer.url;
    deployment.database = deployment.#node.database;
    deployment.writer = new ServerAt(url);
    deployment.reader = deployment.writer;
    return deployment;
  }

  async stop() {
    await this.proxy?.stop();
    await this.#node?.stop();
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
