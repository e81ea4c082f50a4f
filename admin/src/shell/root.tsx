import { Anchor, Button, Modal } from '@mantine/core';
import { type ErrorComponentProps, Link, Outlet } from '@tanstack/react-router';
import { useSession } from '../session';
import { texts } from '../texts';
import { Empty } from '../ui/parts';
import { ReasonDialog } from './protection';
import { SignIn } from './sign-in';

/** Every page, for who has signed in; where the server stops accepting a token, sign-in comes over the page and forms stay. */
export function Root() {
  const session = useSession();
  if (session.state === 'signedOut') {
    return (
      <main className="signin">
        <SignIn />
      </main>
    );
  }
  return (
    <>
      <Outlet />
      <ReasonDialog />
      <Modal
        opened={session.state === 'refused'}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        title={texts.signIn.againTitle}
        zIndex={450}
      >
        <p>{texts.signIn.again}</p>
        <SignIn isAgain />
      </Modal>
    </>
  );
}

/** A defect of the UI itself, instead of an empty page */
export function Broken({ error }: ErrorComponentProps) {
  return (
    <main className="main">
      <Empty title={texts.broken.title}>
        <p>{texts.broken.text}</p>
        <code>{error instanceof Error ? error.message : String(error)}</code>
        <Button onClick={() => location.reload()}>{texts.broken.reload}</Button>
      </Empty>
    </main>
  );
}

export function NotFound() {
  return (
    <main className="main">
      <Empty title={texts.notFound.title}>
        <p>{texts.notFound.text}</p>
        <Anchor component={Link} to="/">
          {texts.notFound.back}
        </Anchor>
      </Empty>
    </main>
  );
}
