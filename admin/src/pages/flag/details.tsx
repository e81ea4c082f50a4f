// What a flag is for, whose it is, how often it is used, and taking it out of service.

import { Button, Modal, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type Place, type ProjectFlag, projectFlag } from '../../api/queries';
import { request } from '../../api/request';
import { texts } from '../../texts';
import { Behind } from '../../ui/behind';
import { DialogActions } from '../../ui/dialog-actions';
import { Failure, Loading } from '../../ui/parts';
import { say } from '../../ui/toasts';
import { useForm } from '../../ui/use-form';
import { Usage } from './usage';

export function Details({ place, flagKey }: { place: Place; flagKey: string }) {
  const query = useQuery(projectFlag(place.project, flagKey));
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  return (
    <div className="editor">
      <div className="stack">
        <About project={place.project} flag={query.data} />
        <Archive project={place.project} flag={query.data} />
      </div>
      <Usage place={place} flagKey={flagKey} />
    </div>
  );
}

function About({ project, flag }: { project: string; flag: ProjectFlag }) {
  const form = useForm(flag, ({ name, description, tags, owner, kind }) => {
    return { name, description, tags, owner, kind: kind as string };
  });
  const { fields: edited, set } = form;
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const client = useQueryClient();
  const save = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      await request('patch', '/api/v1/projects/{project}/flags/{key}', {
        path: { project, key: flag.key },
        body: edited,
        ifMatch: form.base.version,
      });
      await client.invalidateQueries({ queryKey: ['projectFlag', project, flag.key] });
      await client.invalidateQueries({ queryKey: ['projectFlags', project] });
      say(texts.details.saved);
    } catch (error) {
      setFailure(error);
    }
    setBusy(false);
  };
  return (
    <form
      className="card stack"
      aria-label={texts.details.title}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2>{texts.details.title}</h2>
      <TextInput
        label={texts.details.name}
        description={texts.details.nameHint}
        value={edited.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        maxLength={100}
      />
      <Textarea
        label={texts.details.description}
        description={texts.details.descriptionHint}
        value={edited.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
        autosize
        maxLength={2000}
      />
      <div className="row bottom">
        <TextInput
          className="grow"
          label={texts.flags.owner}
          value={edited.owner}
          onChange={(event) => set({ owner: event.currentTarget.value })}
          maxLength={100}
        />
        <Select
          label={texts.flags.kind}
          data={Object.entries(texts.flags.kinds).map(([value, label]) => ({ value, label }))}
          value={edited.kind}
          allowDeselect={false}
          onChange={(value) => value !== null && set({ kind: value })}
        />
      </div>
      <TagsInput
        label={texts.details.tags}
        value={edited.tags}
        onChange={(next) => set({ tags: next })}
        maxTags={20}
        acceptValueOnBlur
      />
      <Behind form={form} />
      {failure !== undefined && <Failure error={failure} />}
      <div>
        <Button type="submit" loading={isBusy}>
          {texts.details.save}
        </Button>
      </div>
    </form>
  );
}

/** Archiving takes a flag out of every environment, so its key is typed; restoring brings it back as it was. */
export function Archive({ project, flag }: { project: string; flag: ProjectFlag }) {
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const client = useQueryClient();
  const navigate = useNavigate();
  const isArchived = flag.lifecycle === 'archived';
  const act = async (verb: 'archive' | 'restore') => {
    setFailure(undefined);
    try {
      await request('post', `/api/v1/projects/{project}/flags/{key}/${verb}`, { path: { project, key: flag.key } });
      await client.invalidateQueries();
      if (verb === 'archive') {
        const undo = () => void act('restore');
        say(texts.details.archived(flag.key), { label: texts.common.undo, run: undo });
        await navigate({ to: '/projects/$project/flags', params: { project } });
      } else {
        say(texts.details.restored(flag.key));
      }
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <section className="card stack" aria-labelledby="archive">
      <h2 id="archive">{isArchived ? texts.details.restoreTitle : texts.details.archiveTitle}</h2>
      <p className="dim">{isArchived ? texts.details.restoreText : texts.details.archiveText}</p>
      {failure !== undefined && !isOpen && <Failure error={failure} />}
      <div>
        <Button
          variant="default"
          onClick={() => {
            if (isArchived) {
              void act('restore');
            } else {
              setOpen(true);
            }
          }}
        >
          {isArchived ? texts.details.restore : texts.details.archive}
        </Button>
      </div>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={texts.details.archiveQuestion(flag.key)}
        closeButtonProps={{ 'aria-label': texts.common.close }}
      >
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void act('archive');
          }}
        >
          <p>{texts.details.archiveText}</p>
          <TextInput
            label={texts.details.typeKey(flag.key)}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            data-autofocus
            spellCheck={false}
          />
          {failure !== undefined && <Failure error={failure} />}
          <DialogActions
            label={texts.details.archive}
            color="red"
            isDisabled={typed !== flag.key}
            onCancel={() => setOpen(false)}
          />
        </form>
      </Modal>
    </section>
  );
}
