import { Client } from '@flagstaff/web/local';
import { Client as DialectsClient } from '@flagstaff/web/local-dialects';

const constraint = { contextName: 'plan', operator: 'STR_ENDS_WITH', values: ['RO'], caseInsensitive: true };
const flag = {
  ...{ type: 'string', enabled: true, needs: 2, variants: { a: 'imported' }, offVariant: null, serve: null },
  rules: [{ when: { dialect: 'unleash', expression: constraint }, serve: 'a' }],
};
const document = JSON.stringify({ schemaVersion: 1, flags: { flag } });
const context = { properties: { plan: 'Pro' } };
const answers = [];
for (const entry of [Client, DialectsClient]) {
  const client = await entry.fromDocument(document, { context });
  const { errorCode, value } = client.details('flag', 'mine');
  answers.push([errorCode ?? null, value]);
}
console.log(JSON.stringify(answers));
