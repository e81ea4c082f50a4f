import { Button, PasswordInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { address } from '../api/request';
import { signInMethods } from '../api/sign-in';
import { type Failure, goToProvider, openProvider, signIn } from '../session';
import icon from '../styles/icon.svg';
import { texts } from '../texts';

/**
 * Offers the identity provider, if there is one, and asks for a token, which is tried before it is stored. Over a page (`isAgain`) the
 * provider has a window of its own.
 */
export function SignIn({ isAgain = false, failure }: { isAgain?: boolean; failure?: Failure | undefined }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const { data: methods } = useQuery(signInMethods());
  const provider = methods?.provider;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const refusal = await refusalOf(token.trim());
    setBusy(false);
    setError(refusal);
    if (refusal === undefined) {
      signIn(token.trim());
    }
  };

  return (
    <form onSubmit={submit}>
      {!isAgain && (
        <>
          <span className="brand">
            <img src={icon} alt="" />
            Flagstaff
          </span>
          <h1>{texts.signIn.title}</h1>
        </>
      )}
      {failure !== undefined && (
        <div className="banner" role="alert">
          {texts.failures[failure] ?? texts.failures['unavailable']}
        </div>
      )}
      {provider != null && (
        <>
          <Button
            mb={isAgain ? 'md' : 0}
            fullWidth
            onClick={() => (isAgain ? openProvider(provider.url) : goToProvider(provider.url))}
          >
            {texts.signIn.withProvider(provider.label)}
          </Button>
          <span className="dim small">{texts.signIn.or}</span>
        </>
      )}
      <PasswordInput
        label={texts.signIn.token}
        description={texts.signIn.hint}
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={error}
        autoComplete="current-password"
        required
        data-autofocus
        visibilityToggleButtonProps={{ 'aria-label': texts.signIn.show }}
      />
      <Button type="submit" variant={provider == null ? 'filled' : 'default'} loading={isBusy} mt={isAgain ? 'md' : 0}>
        {texts.signIn.submit}
      </Button>
      {!isAgain && <p className="dim small">{texts.signIn.stored}</p>}
    </form>
  );
}

/** Why a token is not accepted, if it is not */
async function refusalOf(token: string): Promise<string | undefined> {
  try {
    const response = await fetch(address('/api/v1/projects', {}, { limit: 1 }), {
      headers: { authorization: `Bearer ${token}` },
    });
    if (response.ok) {
      return undefined;
    }
    return response.status === 403 ? texts.signIn.wrongKind : texts.signIn.unknown;
  } catch {
    return texts.errors.unreachable;
  }
}
