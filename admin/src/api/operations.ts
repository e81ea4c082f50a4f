// The operations of the API, by method and path of its OpenAPI document; also for `@flagstaff/admin`.

import type { paths } from './schema.js';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: unknown } ? P : never;
}[keyof paths];
export type OperationOf<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type Content<R> = R extends { content: { 'application/json': infer B } } ? B : undefined;
export type ResponseOf<O> = O extends { responses: infer R } ? Content<R[keyof R & (200 | 201 | 204)]> : never;
export type QueryOf<O> = O extends { parameters: { query?: infer Q } } ? Q : never;
/** The names in the path */
export type NamesOf<O> = O extends { parameters: { path: infer N } } ? N : never;
