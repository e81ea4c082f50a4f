// One-time links, as an operator prints them

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { built } from '../../../conformance/e2e/support/paths.mjs';

/** A link that signs in once as the operator `name`. */
export async function link(ui, name = 'operator') {
  const options = ['--database', ui.deployment.database, '--name', name, '--public-url', ui.url];
  const { stdout } = await promisify(execFile)(built('flagstaff'), ['sign-in-link', ...options]);
  return stdout.trim();
}
