// Texts of signing in and out

export const signIn = {
  title: 'Sign in',
  token: 'Access token',
  hint: 'Begins with fs_admin_, fs_editor_ or fs_viewer_',
  show: 'Show or hide the token',
  submit: 'Sign in',
  withProvider: (label: string) => `Sign in with ${label}`,
  or: 'or',
  stored: 'The token stays in this tab, and is forgotten when you close it.',
  unknown: 'The server does not know this token, or it has expired.',
  wrongKind: 'This is an SDK key of a program. People sign in with an access token.',
  againTitle: 'Sign in again',
  again:
    'Your session has ended: it has expired, or was ended elsewhere. What you have typed on this page is still here.',
  againToken: 'Your token was revoked or has expired. What you have typed on this page is still here.',
  notSignedOut: (why: string) => `You are still signed in: the server did not end your session. ${why}`,
};

/** Why signing in failed, by the server's code */
export const failures: Record<string, string> = {
  'provider-unreachable': 'The identity provider does not answer. Try again later, or sign in with an access token.',
  'provider-configuration':
    'The identity provider and this server do not fit together. Tell an operator of the server: its log has the reason.',
  state: 'The sign-in took too long, or was begun in another window. Try again.',
  refused: 'The identity provider did not let you in.',
  code: 'The identity provider does not accept this sign-in, for example because it was used already. Try again.',
  audience: 'The identity provider answered for another application. Tell an operator of the server.',
  token: 'The answer of the identity provider is not valid. Tell an operator of the server: its log has the reason.',
  'no-role':
    'You have no role in any project. Ask an admin to make you a member, or to add you to a group that has a role.',
  unavailable: 'The server cannot sign you in at the moment. Try again.',
  'rate-limited': 'Too many sign-ins from your address have failed. Wait a few seconds and try again.',
  link: 'This link was used already, or has expired. An operator of the server can print another: flagstaff sign-in-link',
  unreachable: 'The server cannot be reached.',
};
