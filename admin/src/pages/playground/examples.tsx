// Contexts with a name, which are kept in this browser for the project

import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ownName } from '../../base-path';
import { texts } from '../../texts';
import { Icon } from '../../ui/icon';

const words = texts.playground;

interface Example {
  name: string;
  context: string;
}

function read(place: string): Example[] {
  const stored: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
  return Array.isArray(stored) ? (stored as Example[]) : [];
}

interface Props {
  project: string;
  context: string;
  onUse: (context: string) => void;
}

export function Examples({ project, context, onUse }: Props) {
  const place = ownName(`examples/${project}`);
  const [examples, setExamples] = useState(() => read(place));
  const [name, setName] = useState('');
  const store = (next: Example[]) => {
    localStorage.setItem(place, JSON.stringify(next));
    setExamples(next);
  };
  const keep = (event: FormEvent) => {
    event.preventDefault();
    store([...examples.filter((each) => each.name !== name), { name, context }]);
    setName('');
  };
  return (
    <section className="card stack tight" aria-labelledby="examples">
      <h2 id="examples">{words.examples}</h2>
      {examples.length === 0 && <p className="dim small">{words.noExamples}</p>}
      <ul className="ids">
        {examples.map((each) => (
          <li key={each.name}>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={words.applyExample(each.name)}
              onClick={() => onUse(each.context)}
            >
              {each.name}
            </Button>
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={words.removeExample(each.name)}
              onClick={() => store(examples.filter((other) => other.name !== each.name))}
            >
              <Icon name="close" />
            </Button>
          </li>
        ))}
      </ul>
      <form className="row" onSubmit={keep}>
        <TextInput
          className="grow"
          size="xs"
          aria-label={words.exampleName}
          placeholder={words.exampleName}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" type="submit" disabled={name.trim() === ''}>
          {words.saveExample}
        </Button>
      </form>
    </section>
  );
}
