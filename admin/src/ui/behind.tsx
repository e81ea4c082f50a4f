import { Button } from '@mantine/core';
import { texts } from '../texts';
import type { Form } from './use-form';

/** Says that somebody else has saved what a form is about, and asks whose text goes on */
export function Behind<T, F>({ form }: { form: Form<T, F> }) {
  if (!form.isBehind) {
    return null;
  }
  return (
    <div className="note warn stack tight" role="status">
      <span>{texts.followed.behind}</span>
      <span className="row">
        <Button size="xs" variant="default" onClick={form.keep}>
          {texts.followed.keepMine}
        </Button>
        <Button size="xs" variant="default" onClick={form.reset}>
          {texts.followed.takeTheirs}
        </Button>
      </span>
    </div>
  );
}
