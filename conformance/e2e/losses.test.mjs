// Kills Redis, then PostgreSQL, then a node: no committed change is lost, and no program loses its values.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TwoNodes } from './support/deployment.mjs';
import { everywhere, Followers } from './support/followers.mjs';
import { within } from './support/paths.mjs';

const FLAG = 'wishlist-gallery';
const START_MS = 30_000;
const FOLLOW_MS = 10_000;
const LOSS_MS = 30_000;
const WRITING_MS = 5;

/** Creates flags at a node one after the other, also while it fails; stores the names of those that it answered with success. */
class Writer {
  promised = [];
  #refused = 0;
  #stopped = false;
  #running;

  constructor(node, prefix) {
    this.#running = this.#write(node, prefix);
  }

  async #write(node, prefix) {
    for (let number = 0; !this.#stopped; number += 1) {
      const flag = `${prefix}-${number}`;
      try {
        const response = await node.put(flag, { enabled: true });
        if (response.ok) {
          this.promised.push(flag);
        } else {
          assert.equal(response.status, 503, await response.text());
          this.#refused += 1;
        }
      } catch (error) {
        // The node is down, or went down during the request: the flag may be stored or not.
        assert.ok(error instanceof TypeError, error);
        this.#refused += 1;
      }
      await sleep(WRITING_MS);
    }
  }

  /** Waits until this many more flags were stored or refused. */
  async hasMore(promised, refused = 0) {
    const [most, least] = [this.promised.length + promised, this.#refused + refused];
    const wait = async () => {
      while (this.promised.length < most || this.#refused < least) {
        await sleep(WRITING_MS);
      }
    };
    await within(LOSS_MS, `${promised} writes and ${refused} refusals`, wait(), () => this.promised.length);
  }

  async stop() {
    this.#stopped = true;
    await this.#running;
  }
}

describe('losses', () => {
  let nodes;
  let followers;
  const writers = [];

  before(async () => {
    nodes = await TwoNodes.start();
    followers = await Followers.start(nodes.reader, FLAG);
    await followers.see({ value: false, status: 'READY' }, START_MS);
    writers.push(new Writer(nodes.writer, 'one'), new Writer(nodes.reader, 'other'));
  });

  after(async () => {
    await Promise.all(writers.map((writer) => writer.stop()));
    await followers?.stop();
    await nodes?.stop();
  });

  /** Waits until a node reports its database as `up` or `down`. */
  async function storeIs(node, state) {
    const wait = async () => {
      while ((await node.readiness()).store !== state) {
        await sleep(WRITING_MS);
      }
    };
    await within(LOSS_MS, `the database to be ${state}`, wait());
  }

  test('without Redis everything goes on', async (t) => {
    await followers.followFlip(t, nodes.writer, true, FOLLOW_MS);
    await nodes.redis.tell('crash');
    await followers.followFlip(t, nodes.writer, false, FOLLOW_MS);
    await nodes.redis.tell('start');
    await followers.followFlip(t, nodes.writer, true, FOLLOW_MS);
  });

  test('without PostgreSQL values stay and changes are refused, and later go on', async (t) => {
    await nodes.postgres.tell('crash');
    await Promise.all([storeIs(nodes.writer, 'down'), storeIs(nodes.reader, 'down')]);
    await Promise.all(writers.map((writer) => writer.hasMore(0, 3)));
    await followers.see({ value: true, status: 'READY' }, FOLLOW_MS);
    await nodes.postgres.tell('start');
    await Promise.all([storeIs(nodes.writer, 'up'), storeIs(nodes.reader, 'up')]);
    await Promise.all(writers.map((writer) => writer.hasMore(3)));
    await followers.followFlip(t, nodes.writer, false, FOLLOW_MS);
  });

  test('a killed node takes nothing from the programs of the other', async (t) => {
    await nodes.writer.kill();
    await writers[0].hasMore(0, 3);
    await followers.see({ value: false, status: 'READY' }, FOLLOW_MS);
    await followers.followFlip(t, nodes.reader, true, FOLLOW_MS);
    await nodes.writer.restart();
    await writers[0].hasMore(3);
    await followers.followFlip(t, nodes.writer, false, FOLLOW_MS);
  });

  test('programs keep the values of a node that is killed', async () => {
    await nodes.reader.kill();
    await followers.see({ status: 'STALE' }, LOSS_MS);
    assert.deepEqual(await followers.values(), everywhere(false));
    await nodes.reader.restart();
    await writers[1].hasMore(3);
  });

  test('every change that was promised is there, at both nodes', async () => {
    await Promise.all(writers.map((writer) => writer.stop()));
    // One more flag: a node that has it has all earlier ones.
    await nodes.writer.flip('last', true);
    const promised = [...writers.flatMap((writer) => writer.promised), 'last'];
    for (const node of [nodes.writer, nodes.reader]) {
      const wait = async () => {
        let { flags } = await node.snapshot();
        while (!('last' in flags)) {
          await sleep(WRITING_MS);
          ({ flags } = await node.snapshot());
        }
        return flags;
      };
      const flags = await within(FOLLOW_MS, 'the last change', wait());
      const lost = promised.filter((flag) => !(flag in flags));
      assert.deepEqual(lost, []);
    }
  });
});
