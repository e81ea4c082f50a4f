// Everything of a flag in one environment that a draft can change.

import { Button, TagsInput, TextInput } from '@mantine/core';
import { below, type FieldError } from '../../api/request';
import type { Finding } from '../../api/save-flag';
import { attributesIn } from '../../model/condition';
import { type FlagBody, type JsonObject, type Prerequisite, serveOf, variantsOf } from '../../model/language';
import { serveText } from '../../model/sentence';
import { texts } from '../../texts';
import { ObjectField } from '../../ui/object-field';
import { Switch } from '../../ui/switch';
import { Findings } from './findings';
import { Rules } from './rules';
import { ServeEditor } from './serve-editor';
import { TimeLine } from './time-line';
import type { Draft } from './use-draft';
import { Variants } from './variants';
import { Instant } from './window-fields';

interface Props {
  draft: Draft;
  name: string;
  environment: string;
  errors: readonly FieldError[];
  findings: readonly Finding[];
}

export function Editor({ draft, name, environment, errors, findings }: Props) {
  const { body, edit } = draft;
  const variants = Object.keys(variantsOf(body));
  const rules = body.rules ?? [];
  const own = rules.flatMap((rule) => attributesIn(rule.when));
  const known = [...new Set(['targetingKey', ...own.filter(Boolean)])].sort();
  return (
    <div className="editor">
      <div className="stack">
        <section className="card row apart">
          <span className="row">
            <Switch
              isOn={body.enabled}
              label={texts.flags.switchLabel(name, environment)}
              onSwitch={(enabled) => edit({ enabled })}
            />
            <span>{body.enabled ? texts.flag.isOn : texts.flag.isOff(offText(body))}</span>
          </span>
          {body.enabled !== draft.base.enabled && <span className="tag warn">{texts.flag.notSaved}</span>}
        </section>
        <Rules
          rules={rules}
          variants={variants}
          attributes={known}
          errors={errors}
          findings={findings}
          onChange={(next) => edit({ rules: next })}
        />
        <section className="card stack" aria-labelledby="everybody">
          <span className="row">
            {rules.length > 0 && <span className="tag">{texts.rules.otherwise}</span>}
            <h2 id="everybody">{rules.length > 0 ? texts.rules.everybodyElse : texts.rules.everybodyAtAll}</h2>
            <span className="dim">{serveText(serveOf(body))}</span>
          </span>
          <ServeEditor
            serve={serveOf(body)}
            variants={variants}
            problems={below(errors, '/serve')}
            onChange={(serve) => edit({ serve })}
          />
          {errors
            .filter((error) => error.pointer.startsWith('/serve'))
            .map((error) => (
              <p key={error.message} className="note bad small">
                {error.message}
              </p>
            ))}
          <Findings all={findings.filter((each) => !each.pointer.startsWith('/rules/'))} />
        </section>
      </div>
      <div className="stack">
        <Variants flag={body} errors={errors} onChange={edit} />
        {body.type === 'object' && (
          <EnvironmentPatch
            given={body.environmentPatch}
            problems={below(errors, '/environmentPatch')}
            onChange={(environmentPatch) => edit({ environmentPatch } as Partial<FlagBody>)}
          />
        )}
        <Prerequisites
          given={body.prerequisites ?? []}
          onChange={(prerequisites) => edit({ prerequisites } as Partial<FlagBody>)}
        />
        <section className="card stack" aria-labelledby="time">
          <h2 id="time">{texts.timeline.title}</h2>
          <TimeLine flag={body} />
          <Instant
            label={texts.timeline.expiresAt}
            at={body.expiresAt}
            onChange={(expiresAt) => edit({ expiresAt } as Partial<FlagBody>)}
          />
        </section>
      </div>
    </div>
  );
}

function offText(flag: FlagBody): string {
  return flag.offVariant ?? 'off';
}

function EnvironmentPatch({
  given,
  problems,
  onChange,
}: {
  given: JsonObject | undefined;
  problems: readonly FieldError[];
  onChange: (patch: JsonObject | undefined) => void;
}) {
  return (
    <section className="card stack" aria-labelledby="environment-patch">
      <h2 id="environment-patch">{texts.patches.environment}</h2>
      <p className="dim">{texts.patches.environmentHint}</p>
      {given !== undefined && (
        <ObjectField label={texts.patches.environment} value={given} problems={problems} onChange={onChange} />
      )}
      <div>
        <Button size="xs" variant="default" onClick={() => onChange(given === undefined ? {} : undefined)}>
          {given === undefined ? texts.patches.addEnvironment : texts.patches.removeEnvironment}
        </Button>
      </div>
    </section>
  );
}

function Prerequisites({
  given,
  onChange,
}: {
  given: readonly Prerequisite[];
  onChange: (all: Prerequisite[] | undefined) => void;
}) {
  const set = (all: Prerequisite[]) => onChange(all.length === 0 ? undefined : all);
  return (
    <section className="card stack" aria-labelledby="prerequisites">
      <h2 id="prerequisites">{texts.prerequisites.title}</h2>
      <p className="dim">{texts.prerequisites.hint}</p>
      {given.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a prerequisite that is being typed has no other identity
        <div className="row" key={index}>
          <TextInput
            size="xs"
            label={texts.prerequisites.flag}
            value={each.flag}
            onChange={(event) => set(given.with(index, { ...each, flag: event.currentTarget.value }))}
          />
          <TagsInput
            size="xs"
            label={texts.prerequisites.variants}
            value={each.variants}
            onChange={(variants) => set(given.with(index, { ...each, variants }))}
            acceptValueOnBlur
          />
          <Button size="compact-sm" variant="subtle" onClick={() => set(given.toSpliced(index, 1))}>
            {texts.common.remove}
          </Button>
        </div>
      ))}
      <div>
        <Button size="xs" variant="default" onClick={() => set([...given, { flag: '', variants: ['on'] }])}>
          {texts.prerequisites.add}
        </Button>
      </div>
    </section>
  );
}
