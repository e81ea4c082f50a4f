// People who sign in with a JSON Web Token.

import { createHmac } from 'node:crypto';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'flagstaff';
const SECRET = 'the-secret-of-the-issuer-of-these-tests';

/** Options of a server that accepts their tokens */
export const IDENTITY = ['--jwt-issuer', ISSUER, '--jwt-audience', AUDIENCE, '--jwt-secret', SECRET];

/** The token of a person with these claims */
export function tokenOf(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + 3_600;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: ISSUER, aud: AUDIENCE, exp, ...claims })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
