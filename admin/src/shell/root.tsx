import { Anchor, Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, Outlet, useRouter } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { reloadFor } from '../lost-chunks';
import { useSession } from '../session';
import { texts } from '../texts';
import { Empty } from '../ui/parts';
import { ReasonDialog } from './protection';
import { SignIn } from './sign-in';

/** Every page, for who has signed in; where the server stops accepting the token or the cookie, sign-in comes over the page and forms stay. */
export function Root() {
  const session = useSession();
  const before = useRef(session);
  const client = useQueryClient();
  const router = useRouter();

  // Signed in, here or in another window: what could not be read can be read now.
  useEffect(() => {
    if (before.current !== session && session.state === 'signedIn') {
      void client.invalidateQueries();
      void router.invalidate();
    }
    before.current = session;
  }, [session, client, router]);

  if (session.state === 'signedOut') {
    return (
      <main className="signin">
        <SignIn failure={session.failure} />
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
        <p>{session.token === undefined ? texts.signIn.again : texts.signIn.againToken}</p>
        <SignIn isAgain failure={session.state === 'refused' ? session.failure : undefined} />
      </Modal>
    </>
  );
}

/** Whether a page stands in the frame of a project, which has its `main` */
export const InFrame = createContext(false);

function Page({ children }: { children: ReactNode }) {
  return useContext(InFrame) ? children : <main className="main">{children}</main>;
}

/** A defect of the UI itself, instead of an empty page; nothing while the page is loaded again for another build */
export function Broken({ error }: ErrorComponentProps) {
  const [isOver, setOver] = useState(false);
  useEffect(() => setOver(!reloadFor(error)), [error]);
  if (!isOver) {
    return null;
  }
  return (
    <Page>
      <Empty title={texts.broken.title}>
        <p>{texts.broken.text}</p>
        <code>{error instanceof Error ? error.message : String(error)}</code>
        <Button onClick={() => location.reload()}>{texts.broken.reload}</Button>
      </Empty>
    </Page>
  );
}

export function NotFound() {
  return (
    <Page>
      <Empty title={texts.notFound.title}>
        <p>{texts.notFound.text}</p>
        <Anchor component={Link} to="/">
          {texts.notFound.back}
        </Anchor>
      </Empty>
    </Page>
  );
}
