// ⌘K: jump to a flag or a page, or switch a flag. Switching the first match off is two strokes: ⌘K, Enter on "off".

import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate, useRouterState } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { type ProjectFlag, projectFlag, useProjectFlags } from '../api/queries';
import { useSwitchFlag } from '../api/switch-flag';
import { texts } from '../texts';
import { takeFocus } from '../ui/take-focus';
import { useActionable } from '../ui/toasts';

interface Command {
  id: string;
  label: string;
  hint: string;
  run: () => void;
}

const SHOWN = 12;
const project = getRouteApi('/projects/$project');

export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    // Without a transition, and with the focus at once: letters that follow ⌘K are typed in it.
    <Modal.Root
      opened={isOpen}
      onClose={onClose}
      size="lg"
      yOffset="12vh"
      transitionProps={{ duration: 0 }}
      returnFocus={false}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={texts.palette.title}>{isOpen && <Search onDone={onClose} />}</Modal.Content>
    </Modal.Root>
  );
}

function Search({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const commands = useCommands(text).slice(0, SHOWN);
  const active = Math.min(chosen, commands.length - 1);

  const run = (command: Command | undefined) => {
    if (command !== undefined) {
      onDone();
      command.run();
    }
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((active + step + commands.length) % Math.max(commands.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(commands[active]);
    }
  };
  useEffect(() => {
    list.current?.querySelector(`[data-index="${active}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  return (
    <div className="palette">
      <input
        data-autofocus
        ref={takeFocus}
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-label={texts.palette.title}
        placeholder={texts.palette.placeholder}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={key}
      />
      <div role="listbox" id={`${id}-list`} aria-label={texts.palette.results} ref={list}>
        {commands.map((command, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the combobox keeps the focus and names the active option
          // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox takes the keys
          <div
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            data-index={index}
            onClick={() => run(command)}
            onMouseMove={() => setChosen(index)}
          >
            <span>{command.label}</span>
            <span className="dim small">{command.hint}</span>
          </div>
        ))}
      </div>
      {commands.length === 0 && <p className="dim">{texts.palette.nothing}</p>}
    </div>
  );
}

function useCommands(text: string): Command[] {
  const { project: name } = project.useParams();
  const navigate = useNavigate();
  const switchFlag = useSwitchFlag(name);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const last = useActionable();
  const { data } = useProjectFlags(name, false);
  const all = data?.pages.flatMap((page) => page.items) ?? [];
  const wanted = text.trim().toLowerCase();
  const open = decodeURIComponent(/\/flags\/([^/]+)$/.exec(path)?.[1] ?? '');
  // The page of the flag has loaded it already, whether or not the others are there.
  const { data: current, isPending } = useQuery({ ...projectFlag(name, open), enabled: open !== '' });

  const switches = (flag: ProjectFlag): Command[] =>
    flag.environments.map((place) => ({
      id: `switch ${flag.key} ${place.name}`,
      label: texts.palette.switch(flag.key, place.name, !place.enabled),
      hint: texts.palette.isNow(place.enabled),
      run: () => switchFlag(flag.key, place.name, !place.enabled),
    }));
  const jump = (flag: ProjectFlag): Command => ({
    id: `open ${flag.key}`,
    label: flag.name === '' ? flag.key : `${flag.key} · ${flag.name}`,
    hint: texts.palette.open,
    run: () => navigate({ to: '/projects/$project/flags/$flag', params: { project: name, flag: flag.key } }),
  });
  const pages: Command[] = (Object.keys(texts.pages) as (keyof typeof texts.pages)[]).map((page) => ({
    id: `page ${page}`,
    label: texts.pages[page],
    hint: texts.palette.page,
    run: () => navigate({ to: `/projects/$project/${page}`, params: { project: name } }),
  }));

  pages.push({
    id: 'new flag',
    label: texts.flags.create,
    hint: texts.palette.action,
    run: () => navigate({ to: '/projects/$project/flags', params: { project: name }, search: { new: '1' } }),
  });

  // `off checkout` is a verb and what it is about.
  const verb = /^(on|off)\s+(.*)$/.exec(wanted);
  const isFound = (text: string) => text.toLowerCase().includes(verb?.[2] ?? wanted);
  const found = all.filter((flag) => isFound(flag.key) || isFound(flag.name));
  if (verb !== null) {
    const isWanted = (flag: ProjectFlag) => flag.environments.filter((place) => place.enabled === (verb[1] === 'off'));
    return found.flatMap((flag) => switches({ ...flag, environments: isWanted(flag) }));
  }
  // The flag of the page comes first: what is on in it can be switched off at once. Until it is there, Enter must not do anything else.
  if (wanted === '' && open !== '' && isPending) {
    return [];
  }
  const own = current === undefined || wanted !== '' ? [] : switches(current);
  const undo =
    last === undefined
      ? []
      : [{ ...last, id: 'undo', label: `${last.label}: ${last.text}`, hint: texts.palette.action }];
  const matching = pages.filter((page) => page.label.toLowerCase().includes(wanted));
  const exact = found.length === 1 && found[0] !== undefined && wanted !== '' ? switches(found[0]) : [];
  const person: Command = {
    id: 'person',
    label: texts.palette.person(text.trim()),
    hint: texts.pages.people,
    run: () => navigate({ to: '/projects/$project/people', params: { project: name }, search: { key: text.trim() } }),
  };
  return [
    ...own,
    ...undo.filter(({ label }) => isFound(label)),
    ...found.slice(0, SHOWN - 2).map(jump),
    ...exact,
    ...matching,
    ...(wanted === '' ? [] : [person]),
  ];
}
