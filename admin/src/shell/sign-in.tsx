import { Button, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { signIn } from '../session';
import icon from '../styles/icon.svg';
import { texts } from '../texts';

/** Asks for a token and tries it before it is stored. */
export function SignIn({ isAgain = false }: { isAgain?: boolean }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const router = useRouter();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const refusal = await refusalOf(token.trim());
    setBusy(false);
    setError(refusal);
    if (refusal === undefined) {
      signIn(token.trim());
      await client.invalidateQueries();
      await router.invalidate();
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
      <Button type="submit" loading={isBusy} mt={isAgain ? 'md' : 0}>
        {texts.signIn.submit}
      </Button>
      {!isAgain && <p className="dim small">{texts.signIn.stored}</p>}
    </form>
  );
}

/** Why a token is not accepted, if it is not */
async function refusalOf(token: string): Promise<string | undefined> {
  try {
    const response = await fetch('/api/v1/projects?limit=1', { headers: { authorization: `Bearer ${token}` } });
    if (response.ok) {
      return undefined;
    }
    return response.status === 403 ? texts.signIn.wrongKind : texts.signIn.unknown;
  } catch {
    return texts.errors.unreachable;
  }
}
