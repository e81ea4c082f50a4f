// What is done with several flags at once: a tag is added or removed, or they are archived or restored.

import { Button, Modal, Popover, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { ProjectFlag } from '../../api/queries';
import { request } from '../../api/request';
import { texts } from '../../texts';
import { DialogActions } from '../../ui/dialog-actions';
import { explain } from '../../ui/parts';
import { say } from '../../ui/toasts';

const words = texts.bulk;
/** More keys than these are only counted. */
const NAMED = 20;

interface Props {
  project: string;
  flags: readonly ProjectFlag[];
  onClear: () => void;
}

interface Failed {
  key: string;
  why: string;
}

export function BulkBar({ project, flags, onClear }: Props) {
  const [isArchiving, setArchiving] = useState(false);
  const [done, setDone] = useState<number>();
  const [failed, setFailed] = useState<readonly Failed[]>([]);
  const client = useQueryClient();
  const isArchived = flags.every((flag) => flag.lifecycle === 'archived');

  /** Does something to each of some flags, one after the other; one that fails stops no other. */
  const each = async (some: readonly ProjectFlag[], change: (flag: ProjectFlag) => Promise<unknown>) => {
    const refused: Failed[] = [];
    setFailed([]);
    for (const [index, flag] of some.entries()) {
      setDone(index);
      try {
        await change(flag);
      } catch (error) {
        refused.push({ key: flag.key, why: explain(error) });
      }
    }
    setDone(undefined);
    setFailed(refused);
    await client.invalidateQueries({ queryKey: ['projectFlags', project] });
    return some.filter((flag) => !refused.some(({ key }) => key === flag.key));
  };
  const retag = async (tag: string, isAdded: boolean) => {
    const others = flags.filter((flag) => flag.tags.includes(tag) !== isAdded);
    const changed = await each(others, ({ key, tags, version }) =>
      request('patch', '/api/v1/projects/{project}/flags/{key}', {
        path: { project, key },
        body: { tags: isAdded ? [...tags, tag] : tags.filter((other) => other !== tag) },
        ifMatch: version,
      }),
    );
    say(words.tagged(changed.length, tag, isAdded));
  };
  const move = async (some: readonly ProjectFlag[], verb: 'archive' | 'restore') => {
    const moved = await each(some, ({ key }) =>
      request('post', `/api/v1/projects/{project}/flags/{key}/${verb}`, { path: { project, key } }),
    );
    const undo = { label: texts.common.undo, run: () => void move(moved, verb === 'archive' ? 'restore' : 'archive') };
    if (moved.length > 0) {
      say(words.moved(moved.length, verb), undo);
    }
  };

  return (
    <section className="savebar" aria-label={words.bar}>
      <span role="status">
        <strong>{words.selected(flags.length)}</strong> {done !== undefined && words.working(done, flags.length)}
      </span>
      <span className="row">
        <TagForm label={words.addTag} suggestions={[]} isBusy={done !== undefined} onTag={(tag) => retag(tag, true)} />
        <TagForm
          label={words.removeTag}
          suggestions={[...new Set(flags.flatMap((flag) => flag.tags))].sort()}
          isBusy={done !== undefined}
          onTag={(tag) => retag(tag, false)}
        />
        <Button
          variant="default"
          disabled={done !== undefined}
          onClick={() => (isArchived ? void move(flags, 'restore') : setArchiving(true))}
        >
          {isArchived ? words.restore : words.archive}
        </Button>
        <Button variant="subtle" onClick={onClear}>
          {words.clear}
        </Button>
      </span>
      {failed.length > 0 && (
        <ul className="findings small" role="alert">
          {failed.slice(0, NAMED).map(({ key, why }) => (
            <li key={key}>
              {key}: {why}
            </li>
          ))}
        </ul>
      )}
      <Modal
        opened={isArchiving}
        onClose={() => setArchiving(false)}
        title={words.archiveTitle(flags.length)}
        closeButtonProps={{ 'aria-label': texts.common.close }}
      >
        <div className="stack">
          <p>{texts.details.archiveText}</p>
          <p className="code">
            {words.keys(
              flags.map((flag) => flag.key),
              NAMED,
            )}
          </p>
          <DialogActions
            label={words.archive}
            color="red"
            onDo={() => {
              setArchiving(false);
              void move(flags, 'archive');
            }}
            onCancel={() => setArchiving(false)}
          />
        </div>
      </Modal>
    </section>
  );
}

interface TagFormProps {
  label: string;
  suggestions: readonly string[];
  isBusy: boolean;
  onTag: (tag: string) => Promise<void>;
}

function TagForm({ label, suggestions, isBusy, onTag }: TagFormProps) {
  const [isOpen, setOpen] = useState(false);
  const [tag, setTag] = useState('');
  const act = (chosen: string) => {
    setOpen(false);
    setTag('');
    void onTag(chosen);
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="top" trapFocus returnFocus withinPortal shadow="md">
      <Popover.Target>
        <Button variant="default" disabled={isBusy} onClick={() => setOpen(!isOpen)} aria-haspopup="dialog">
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>
        <form
          className="stack tight"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            act(tag.trim());
          }}
        >
          <TextInput
            label={texts.flags.tag}
            value={tag}
            onChange={(event) => setTag(event.currentTarget.value)}
            data-autofocus
            autoComplete="off"
          />
          <span className="row">
            {suggestions.slice(0, NAMED).map((each) => (
              <Button key={each} size="compact-sm" variant="default" onClick={() => act(each)}>
                {each}
              </Button>
            ))}
          </span>
          <Button type="submit" disabled={tag.trim() === ''}>
            {label}
          </Button>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
