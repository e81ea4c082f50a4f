// Why a flag has its value: the steps of its evaluation, and the flag itself, which can be changed to see what would be served.

import { Button, Textarea } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Place } from '../../api/queries';
import { type Sentence, sentences } from '../../model/trace';
import { texts } from '../../texts';
import type { Explained } from './evaluator';

const words = texts.playground;

interface Props {
  place: Place;
  flag: string;
  explained: Explained;
  /** The flag as JSON, as it is evaluated */
  text: string;
  error: string | undefined;
  isChanged: boolean;
  /** Gets undefined to take back what was changed */
  onChange: (text: string | undefined) => void;
}

export function Why({ place, flag, explained, text, error, isChanged, onChange }: Props) {
  return (
    <section className="stack" aria-labelledby="why">
      <div className="row apart">
        <h2 id="why">{words.why(flag)}</h2>
        <Link
          to="/projects/$project/flags/$flag"
          params={{ project: place.project, flag }}
          search={{ env: place.environment }}
        >
          {words.openFlag}
        </Link>
      </div>
      <Steps label={words.steps} steps={sentences(explained.trace)} />
      <div className="stack tight">
        <Textarea
          label={words.edit}
          description={words.editHint}
          classNames={{ input: 'code' }}
          value={text}
          error={error === undefined ? undefined : words.editWrong(error)}
          onChange={(event) => onChange(event.currentTarget.value)}
          autosize
          minRows={6}
          maxRows={20}
          spellCheck={false}
        />
        {isChanged && (
          <div>
            <Button size="compact-sm" variant="default" onClick={() => onChange(undefined)}>
              {words.takeBack}
            </Button>
          </div>
        )}
      </div>
    </section>
  );
}

function Steps({ steps, label }: { steps: readonly Sentence[]; label?: string }) {
  if (steps.length === 0) {
    return null;
  }
  return (
    <ul className="trace" aria-label={label}>
      {steps.map(({ text, holds, inside }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other identity than their place
        <li key={index}>
          {holds !== undefined && <span className={holds ? 'tag on' : 'tag'}>{holds ? words.yes : words.no}</span>}{' '}
          {text}
          <Steps steps={inside} />
        </li>
      ))}
    </ul>
  );
}
