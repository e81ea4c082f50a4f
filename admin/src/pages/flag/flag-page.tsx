import '../../styles/flag.css';
import { Button, SegmentedControl, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useBlocker } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { flag as flagQuery, type Place, projectFlag, projects } from '../../api/queries';
import { Problem } from '../../api/request';
import type { FlagRead } from '../../model/language';
import { ProtectedBar } from '../../shell/protection';
import { texts } from '../../texts';
import { Failure, Loading, Time } from '../../ui/parts';
import { Absent } from './absent';
import { AsCode } from './as-code';
import { Convergence } from './convergence';
import { Archive, Details } from './details';
import { Editor } from './editor';
import { FlagPlace } from './flag-place';
import { History } from './history';
import { Overrides } from './overrides';
import { Review } from './review';
import { useDraftCheck } from './use-check';
import { useDraft } from './use-draft';

const route = getRouteApi('/projects/$project/flags/$flag');

export function FlagPage() {
  const { project, flag: key } = route.useParams();
  const { env, tab = 'targeting' } = route.useSearch();
  const navigate = route.useNavigate();
  const { data: known } = useQuery(projects());
  const about = useQuery(projectFlag(project, key));
  const environments = known?.find((each) => each.name === project)?.environments ?? [];
  const first = environments.find((name) => about.data?.environments.some((place) => place.name === name));
  const environment = env ?? first ?? environments[0];

  return (
    <div className="stack">
      <nav aria-label={texts.flag.path}>
        <Link to="/projects/$project/flags" params={{ project }}>
          {texts.pages.flags}
        </Link>
      </nav>
      <div className="row apart">
        <div className="stack tight">
          {about.data === undefined || about.data.name === '' ? (
            <h1 className="code">{key}</h1>
          ) : (
            <>
              <h1>{about.data.name}</h1>
              <code>{key}</code>
            </>
          )}
          {about.data !== undefined && (
            <span className="row">
              <span className="tag">{texts.flags.types[about.data.type ?? ''] ?? '–'}</span>
              <span className="tag">{texts.flags.kinds[about.data.kind]}</span>
              {about.data.tags.map((tag) => (
                <span key={tag} className="tag">
                  {tag}
                </span>
              ))}
              <span className="dim small">
                {about.data.owner !== '' && <>{about.data.owner} · </>}
                {texts.flag.created} <Time at={about.data.createdAt} /> · {texts.flag.seen}{' '}
                <Time at={about.data.lastSeenAt} fallback={texts.flags.never} />
              </span>
            </span>
          )}
          {about.data !== undefined && about.data.description !== '' && (
            <p className="about">{about.data.description}</p>
          )}
        </div>
      </div>
      {about.isError && <Failure error={about.error} retry={() => about.refetch()} />}
      {about.data?.lifecycle === 'archived' ? (
        <Archive project={project} flag={about.data} />
      ) : (
        <Tabs
          value={environment ?? null}
          onChange={(name) => name !== null && navigate({ search: (before) => ({ ...before, env: name }) })}
        >
          <Tabs.List aria-label={texts.flags.environment}>
            {environments.map((name) => {
              const place = about.data?.environments.find((each) => each.name === name);
              return (
                <Tabs.Tab key={name} value={name}>
                  {name}{' '}
                  <span className={place?.enabled ? 'tag on' : 'tag'}>
                    {place === undefined
                      ? texts.flag.absent
                      : place.enabled
                        ? texts.flags.states.on
                        : texts.flags.states.off}
                  </span>
                </Tabs.Tab>
              );
            })}
          </Tabs.List>
          {environments.map((name) => (
            <Tabs.Panel key={name} value={name} pt="md">
              {name === environment && (
                <InEnvironment
                  key={`${project}/${name}/${key}`}
                  place={{ project, environment: name }}
                  flagKey={key}
                  tab={tab}
                  others={(about.data?.environments ?? []).map((each) => each.name)}
                />
              )}
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
    </div>
  );
}

interface InEnvironmentProps {
  place: Place;
  flagKey: string;
  tab: string;
  /** The environments that have the flag */
  others: readonly string[];
}

function InEnvironment({ place, flagKey, tab, others }: InEnvironmentProps) {
  const query = useQuery(flagQuery(place, flagKey));
  const navigate = route.useNavigate();
  if (query.data === undefined) {
    if (query.error instanceof Problem && query.error.status === 404) {
      return <Absent place={place} flagKey={flagKey} others={others} />;
    }
    return query.isError ? <Failure error={query.error} retry={() => query.refetch()} /> : <Loading />;
  }
  return (
    <Tabs
      variant="pills"
      value={tab}
      keepMounted={false}
      onChange={(next) => next !== null && navigate({ search: (before) => ({ ...before, tab: next }) })}
    >
      <ProtectedBar {...place} />
      <Tabs.List aria-label={texts.flag.parts} my="md">
        {Object.entries(texts.flag.tabs).map(([value, label]) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="targeting">
        <Targeting place={place} flag={query.data} />
      </Tabs.Panel>
      <Tabs.Panel value="overrides">
        <Overrides place={place} flag={query.data} />
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <History place={place} flag={query.data} />
      </Tabs.Panel>
      <Tabs.Panel value="details">
        <Details place={place} flagKey={flagKey} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Targeting({ place, flag }: { place: Place; flag: FlagRead }) {
  const draft = useDraft(place, flag);
  const [isReviewing, setReviewing] = useState(false);
  const [isReadable, setReadable] = useState(true);
  // Another number is another editor, which has not what was typed into this one.
  const [editor, setEditor] = useState(0);
  const { errors, findings } = useDraftCheck(place, flag.key, draft);
  const { as: form = 'form' } = route.useSearch();
  const navigate = route.useNavigate();
  const [saved, setSaved] = useState<{ revision: number; since: number }>();
  const result = useRef<HTMLDivElement>(null);

  // Drafts survive a change of page; only closing the tab loses them, and is asked about.
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: () => draft.changes > 0 });
  useEffect(() => {
    if (saved !== undefined) {
      result.current?.focus();
    }
  }, [saved]);

  return (
    <div className="stack">
      {saved !== undefined && (
        <div ref={result} tabIndex={-1}>
          <Convergence place={place} {...saved} />
        </div>
      )}
      <div>
        <SegmentedControl
          size="xs"
          aria-label={texts.flag.form}
          value={form}
          disabled={!isReadable}
          onChange={(value) => navigate({ search: (before) => ({ ...before, as: value === 'form' ? '' : value }) })}
          data={Object.entries(texts.flag.forms).map(([value, label]) => ({ value, label }))}
        />
      </div>
      <FlagPlace value={place}>
        {form === 'json' || form === 'yaml' ? (
          <AsCode key={editor} draft={draft} language={form} errors={errors} onReadable={setReadable} />
        ) : (
          <Editor draft={draft} name={flag.key} environment={place.environment} errors={errors} findings={findings} />
        )}
      </FlagPlace>
      {(draft.changes > 0 || !isReadable) && (
        <section className="savebar" aria-label={texts.review.bar}>
          <span>
            <strong>{texts.review.changes(draft.changes)}</strong>
            {draft.isBehind && <span className="tag warn">{texts.review.behind}</span>}{' '}
            {errors.length > 0 && <span className="tag bad">{texts.flag.refusals(errors.length)}</span>}
            {!isReadable && <span className="tag bad">{texts.flag.unreadable}</span>}
          </span>
          <span className="row">
            <Button
              variant="default"
              onClick={() => {
                draft.discard();
                setReadable(true);
                setEditor(editor + 1);
              }}
            >
              {texts.review.discard}
            </Button>
            <Button disabled={!isReadable} onClick={() => setReviewing(true)}>
              {texts.review.open}
            </Button>
          </span>
        </section>
      )}
      {isReviewing && draft.changes > 0 && (
        <Review
          place={place}
          flag={flag}
          draft={draft}
          findings={findings}
          onClose={() => setReviewing(false)}
          onSaved={(revision) => {
            setReviewing(false);
            setSaved({ revision, since: Date.now() });
          }}
        />
      )}
    </div>
  );
}
