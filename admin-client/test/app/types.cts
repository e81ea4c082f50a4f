import flagstaff = require('@flagstaff/admin');

export const admin: flagstaff.Admin = new flagstaff.Admin('http://127.0.0.1:8080', 'fs_admin_example', {
  environment: 'staging',
});
export const converged: Promise<boolean> = admin.waitForConvergence({ timeoutMs: 1_000 }).then((it) => it.converged);
