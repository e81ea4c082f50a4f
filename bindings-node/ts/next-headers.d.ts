/** The part of `next/headers` that this package uses. The declarations of Next.js itself do not pass our compiler options, and are those of one version. */

export function headers(): Promise<object & { get(name: string): string | null }>;
export function cookies(): Promise<{ get(name: string): { value: string } | undefined }>;
