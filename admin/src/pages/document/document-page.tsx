// The whole environment as JSON or YAML: to read, to copy, and to change in one revision after the dry run has told what that does.

import '../../styles/flag.css';
import { Button, SegmentedControl } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useBlocker } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import type { Place } from '../../api/queries';
import { Problem, request } from '../../api/request';
import { shownDifferences } from '../../api/shapes';
import { CodeEditor } from '../../editor/code-editor';
import { isSame } from '../../model/diff';
import type { Json } from '../../model/language';
import { texts } from '../../texts';
import { DiffList } from '../../ui/diff-list';
import { EnvironmentSelect, useEnvironments } from '../../ui/environment-select';
import { Failure, Loading } from '../../ui/parts';
import { ReasonField } from '../../ui/reason-field';
import { say } from '../../ui/toasts';

const route = getRouteApi('/projects/$project/document');
const words = texts.document;
const PATH = '/api/v1/projects/{project}/environments/{environment}/document';
const REST_MS = 700;
/** An editor of more than these characters would answer every key late. */
const EDITED = 1_000_000;
/** More changes than these are only counted. */
const LISTED = 50;

export function DocumentPage() {
  const { project } = route.useParams();
  const { env } = route.useSearch();
  const navigate = route.useNavigate();
  const environments = useEnvironments(project);
  const environment = env ?? environments[0];
  return (
    <div className="stack">
      <div className="row apart">
        <h1>{words.title}</h1>
        <EnvironmentSelect
          environments={environments}
          value={environment}
          onChange={(chosen) => navigate({ search: (before) => ({ ...before, env: chosen }) })}
        />
      </div>
      <p className="dim">{words.hint}</p>
      {environment !== undefined && <Loaded key={`${project} ${environment}`} place={{ project, environment }} />}
    </div>
  );
}

interface Read {
  document: Json;
  etag: string | undefined;
}

function Loaded({ place }: { place: Place }) {
  // Read once: what somebody else saves meanwhile is told when this one is saved.
  const [reading, setReading] = useState(0);
  const query = useQuery({
    queryKey: ['documentToEdit', place.project, place.environment, reading],
    queryFn: async ({ signal }): Promise<Read> => {
      const { data, etag } = await request('get', PATH, { path: { ...place }, signal });
      return { document: data as unknown as Json, etag };
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (query.data === undefined) {
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  const { length } = JSON.stringify(query.data.document);
  if (length > EDITED) {
    return <p className="note">{words.tooLarge(length)}</p>;
  }
  return <Edited key={reading} place={place} read={query.data} onReload={() => setReading(reading + 1)} />;
}

function Edited({ place, read, onReload }: { place: Place; read: Read; onReload: () => void }) {
  const { as: language = 'yaml' } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const [edited, setEdited] = useState(read.document);
  const [isReadable, setReadable] = useState(true);
  const [reason, setReason] = useState('');
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [settled] = useDebouncedValue(edited, REST_MS);
  const isChanged = !isSame(edited, read.document);
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: () => isChanged || !isReadable });

  const put = (query: { dryRun?: boolean; reason?: string }, body: Json) =>
    request('put', PATH, {
      path: { ...place },
      query,
      body,
      ...(read.etag === undefined ? {} : { ifMatch: read.etag }),
    });
  const check = useQuery({
    queryKey: ['documentCheck', place.project, place.environment, read.etag, settled],
    queryFn: async () => (await put({ dryRun: true }, settled)).data,
    enabled: isChanged,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const problem = isChanged && check.error instanceof Problem ? check.error : undefined;
  const isCurrent = settled === edited && isReadable && check.isSuccess && !check.isPlaceholderData;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    try {
      const { data } = await put(reason === '' ? {} : { reason }, edited);
      say(words.saved(place.environment, data.revision));
      await client.invalidateQueries();
      onReload();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <>
      <div>
        <SegmentedControl
          size="xs"
          aria-label={words.language}
          value={language}
          disabled={!isReadable}
          onChange={(as) => navigate({ search: (before) => ({ ...before, as }), replace: true })}
          data={['yaml', 'json'].map((value) => ({ value, label: texts.flag.forms[value] ?? value }))}
        />
      </div>
      <section className="card">
        <CodeEditor
          label={words.label(place.environment)}
          isLabelShown
          language={language === 'json' ? 'json' : 'yaml'}
          value={edited}
          schema="document"
          isObject
          isStrict
          problems={problem?.errors}
          onChange={setEdited}
          onReadable={setReadable}
        />
      </section>
      {isChanged && (
        <form className="card stack" onSubmit={save} aria-label={words.review}>
          <h2>{words.review}</h2>
          {check.isPending && <Loading lines={2} />}
          {problem !== undefined && problem.errors.length === 0 && <Failure error={problem} />}
          {problem?.status === 412 && (
            <div>
              <Button variant="default" onClick={onReload}>
                {words.reload}
              </Button>
            </div>
          )}
          {problem === undefined && check.data !== undefined && <Changes {...check.data} />}
          <ReasonField description={texts.review.reasonHint} reason={reason} onReason={setReason} />
          {failure !== undefined && <Failure error={failure} />}
          <div className="row">
            <Button type="submit" loading={isBusy} disabled={!isCurrent}>
              {words.save(place.environment)}
            </Button>
            <Button variant="default" onClick={onReload}>
              {texts.review.discard}
            </Button>
          </div>
        </form>
      )}
    </>
  );
}

function Changes({ changes = [], moves = [] }: { changes?: readonly unknown[]; moves?: readonly { flag: string }[] }) {
  const shown = shownDifferences(changes as Parameters<typeof shownDifferences>[0]);
  return (
    <>
      <p>{words.changes(shown.length)}</p>
      <DiffList differences={shown.slice(0, LISTED)} />
      <p>{moves.length === 0 ? texts.impact.nobody : words.moves(moves.map(({ flag }) => flag))}</p>
    </>
  );
}
