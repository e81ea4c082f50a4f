import { type Admin, AdminError, type Flag, type SdkKey } from '@flagstaff/admin';

export async function check(admin: Admin): Promise<void> {
  const flag: Flag = await admin.flags.create('a', { enabled: true, rolloutPercentage: 25, withoutUser: true });
  await admin.flags.create('b', {
    type: 'string',
    enabled: true,
    variants: { x: 'y' },
    offVariant: 'x',
    serve: { variant: 'x', rollout: 10 },
    rules: [{ when: { attribute: 'plan', op: 'in', values: ['pro'] }, serve: 'x' }],
  });
  // @ts-expect-error there is no such field
  await admin.flags.create('a', { percentage: 25 });
  await admin.flags.update('a', { description: null }, { ifMatch: flag.version });
  const type: 'boolean' | 'string' | 'number' | 'object' = flag.type;
  await admin.overrides.add('a', 'user', 'u1', { patch: { deep: { leaf: true } } });
  // @ts-expect-error neither `include` nor `exclude`
  await admin.overrides.add('a', 'user', 'u1', 'perhaps');
  const key: SdkKey = await admin.keys.create({ name: 'page', kind: 'client' });
  // @ts-expect-error there is no such role
  await admin.tokens.create({ name: 'ci', role: 'owner' });
  for await (const row of admin.audit({ flag: 'a' })) {
    const pointers: string[] = (row.changes ?? []).map(({ pointer }) => pointer);
    console.log(type, key.token, pointers);
  }
  const members = await admin.request('get', '/api/v1/projects/{project}/members', { query: { limit: 10 } });
  const roles: string[] = members.items.map(({ role }) => role);
  // @ts-expect-error the path needs a key
  await admin.request('get', '/api/v1/projects/{project}/members/{key}', {});
  // @ts-expect-error there is no such path
  await admin.request('get', '/api/v1/projekts', {});
  console.log(roles);
}

export const code = (error: unknown): string | undefined => (error instanceof AdminError ? error.code : undefined);
