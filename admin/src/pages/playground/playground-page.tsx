// What a context gets of every flag, and why: evaluated in the page by the core, at any instant, also with changes that are not saved.

import '../../styles/flag.css';
import '../../styles/playground.css';
import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { Fragment, useMemo, useState } from 'react';
import type { Place } from '../../api/queries';
import { draftsOf } from '../../model/drafts';
import type { FlagBody } from '../../model/language';
import { reasonText } from '../../model/reason';
import { valueText } from '../../model/sentence';
import { texts } from '../../texts';
import { AddressSearch } from '../../ui/address-search';
import { EnvironmentSelect, useEnvironments } from '../../ui/environment-select';
import { Empty, Failure, Loading } from '../../ui/parts';
import { Switch } from '../../ui/switch';
import { Table } from '../../ui/table';
import { millisOf } from '../../ui/time';
import { useNow } from '../../ui/use-now';
import { Instant } from '../flag/window-fields';
import { contextError, FIRST_CONTEXT } from './context';
import { ContextEditor } from './context-editor';
import { explained, issues, type Outcome, outcomes } from './evaluator';
import { Examples } from './examples';
import { useEvaluation } from './use-evaluation';
import { Why } from './why';

const route = getRouteApi('/projects/$project/playground');
const words = texts.playground;
/** Rows that are shown at first, and that are added each time: all flags are evaluated at each letter, but not all are drawn. */
const LISTED = 100;

export function PlaygroundPage() {
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
      {environment !== undefined && <Playground key={`${project} ${environment}`} place={{ project, environment }} />}
    </div>
  );
}

/** A flag as it is edited here: without its overrides, of which there can be many, and which stay as they are */
function textOf({ overrides: _, ...body }: FlagBody): string {
  return JSON.stringify(body, undefined, 2);
}

/** The flag that a text is, or why it is none */
function parsedFlag(text: string): { body?: FlagBody; error?: string } {
  const error = contextError(text);
  return error === undefined ? { body: JSON.parse(text) } : { error };
}

function Playground({ place }: { place: Place }) {
  const { flag: chosen, q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const [context, setContext] = useState(FIRST_CONTEXT);
  const [at, setAt] = useState<string>();
  const [isWithDrafts, setWithDrafts] = useState(true);
  const [edits, setEdits] = useState<{ [flag: string]: string }>({});
  const { project, environment } = place;
  const drafts = useMemo(() => draftsOf({ project, environment }), [project, environment]);
  const [listed, setListed] = useState(LISTED);
  const now = useNow();
  const instant = at === undefined ? now : millisOf(at);

  const changed = useMemo(() => {
    const parsed = Object.entries(edits).map(([key, text]) => [key, parsedFlag(text).body] as const);
    const valid = parsed.filter((each): each is [string, FlagBody] => each[1] !== undefined);
    return { ...(isWithDrafts ? drafts : {}), ...Object.fromEntries(valid) };
  }, [edits, drafts, isWithDrafts]);
  const { document, evaluator, failure } = useEvaluation(place, changed);
  const error = contextError(context);
  const all = useMemo(
    () => (evaluator === undefined || error !== undefined ? {} : outcomes(evaluator, context, instant)),
    [evaluator, context, instant, error],
  );
  const faults = useMemo(() => (evaluator === undefined ? [] : issues(evaluator)), [evaluator]);
  const shown = Object.entries(all).filter(([key]) => key.toLowerCase().includes(q.toLowerCase()));
  const flag = chosen !== undefined && chosen in all ? chosen : undefined;
  const drawn = shown.filter(([key], index) => index < listed || key === flag);
  const body = flag === undefined ? undefined : (changed[flag] ?? document?.flags?.[flag]);
  const edit = (text: string | undefined) => {
    if (flag !== undefined) {
      const { [flag]: _, ...others } = edits;
      setEdits(text === undefined ? others : { ...others, [flag]: text });
    }
  };
  const choose = (key: string) =>
    navigate({ search: (before) => ({ ...before, flag: key }), replace: true, resetScroll: false });

  if (document === undefined || (evaluator === undefined && failure === undefined)) {
    return failure === undefined ? <Loading /> : <Failure error={failure} />;
  }
  return (
    <div className="playground">
      <div className="stack">
        <ContextEditor text={context} error={error} onChange={setContext} />
        <section className="card stack tight">
          <Instant label={words.at} at={at} none={words.now} onChange={setAt} />
          {Object.keys(drafts).length > 0 && (
            <span className="row">
              <Switch isOn={isWithDrafts} label={words.drafts(Object.keys(drafts).length)} onSwitch={setWithDrafts} />
              {words.drafts(Object.keys(drafts).length)}
            </span>
          )}
        </section>
        <Examples project={place.project} context={context} onUse={setContext} />
      </div>
      <div className="stack">
        {failure !== undefined && <Failure error={failure} />}
        {faults.length > 0 && (
          <div className="note bad stack tight" role="alert">
            <strong>{words.issues(faults.length)}</strong>
            <ul>
              {faults.map((fault) => (
                <li key={`${fault.pointer} ${fault.message}`}>
                  <code>{fault.pointer}</code> {fault.message}
                </li>
              ))}
            </ul>
          </div>
        )}
        <search>
          <AddressSearch
            label={words.filter}
            value={q}
            onSearch={(text) =>
              navigate({ search: (before) => ({ ...before, q: text }), replace: true, resetScroll: false })
            }
          />
        </search>
        {Object.keys(document.flags ?? {}).length === 0 && <Empty title={words.none} />}
        {Object.keys(all).length > 0 && shown.length === 0 && <Empty title={words.noMatch} />}
        {shown.length > 0 && (
          <Table caption={words.flags} columns={[words.flag, words.result, words.because]} className="outcomes">
            {drawn.map(([key, outcome]) => (
              <Fragment key={key}>
                <tr>
                  <td>
                    <button
                      type="button"
                      className="plainbutton"
                      aria-expanded={key === flag}
                      aria-label={words.choose(key)}
                      onClick={() => choose(key === flag ? '' : key)}
                    >
                      {key}
                    </button>
                    {key in changed && <span className="tag warn">{words.changed}</span>}
                  </td>
                  <td>
                    <Value outcome={outcome} />
                  </td>
                  <td>{reasonText({ ...outcome, source: outcome.detail })}</td>
                </tr>
                {key === flag && evaluator !== undefined && body !== undefined && (
                  <tr>
                    <td colSpan={3}>
                      <Why
                        place={place}
                        flag={key}
                        explained={explained(evaluator, key, context, instant)}
                        text={edits[key] ?? textOf(body)}
                        error={key in edits ? parsedFlag(edits[key] ?? '').error : undefined}
                        isChanged={key in edits}
                        onChange={edit}
                      />
                    </td>
                  </tr>
                )}
              </Fragment>
            ))}
          </Table>
        )}
        {shown.length > listed && (
          <div>
            <Button variant="default" onClick={() => setListed(listed + LISTED)}>
              {texts.common.more}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

function Value({ outcome }: { outcome: Outcome }) {
  if (typeof outcome.value === 'boolean') {
    return (
      <span className={outcome.value ? 'tag on' : 'tag'}>
        {outcome.value ? texts.flags.states.on : texts.flags.states.off}
      </span>
    );
  }
  return (
    <>
      <code>{valueText(outcome.value)}</code>
      {outcome.variant !== null && <span className="dim small"> {outcome.variant}</span>}
    </>
  );
}
