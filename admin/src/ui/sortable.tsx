// A list whose items are dragged to another place, by pointer or by keyboard: Space picks an item up, arrows move it, Space drops it and
// Escape takes it back. Items are known by their position.

import {
  type Announcements,
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  type UniqueIdentifier,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { type CSSProperties, type ReactNode, useRef } from 'react';
import { texts } from '../texts';
import { Icon } from './icon';

const words = texts.sorting;
/** A click on the grip is not a drag. */
const DRAG_FROM_PX = 4;

interface SortableListProps {
  /** What each item is called when it moves */
  names: readonly string[];
  onMove: (from: number, to: number) => void;
  children: ReactNode;
}

const idOf = (index: number): UniqueIdentifier => `item-${index}`;
const indexOf = (id: UniqueIdentifier): number => Number(String(id).slice('item-'.length));

export function SortableList({ names, onMove, children }: SortableListProps) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: DRAG_FROM_PX } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const end = ({ active, over }: DragEndEvent) => {
    if (over !== null && over.id !== active.id) {
      onMove(indexOf(active.id), indexOf(over.id));
    }
  };
  const name = (id: UniqueIdentifier) => names[indexOf(id)] ?? '';
  // The place that was read aloud last: an item that is picked up is over its own at once, which would hide that it was picked up.
  const told = useRef<UniqueIdentifier>(undefined);
  const announcements: Announcements = {
    onDragStart: ({ active }) => {
      told.current = active.id;
      return words.pickedUp(name(active.id), indexOf(active.id) + 1, names.length);
    },
    onDragOver: ({ active, over }) => {
      if (over?.id === told.current) {
        return undefined;
      }
      told.current = over?.id;
      return over === null
        ? words.nowhere(name(active.id))
        : words.isAt(name(active.id), indexOf(over.id) + 1, names.length);
    },
    onDragEnd: ({ active, over }) =>
      over === null ? words.stays(name(active.id)) : words.dropped(name(active.id), indexOf(over.id) + 1, names.length),
    onDragCancel: ({ active }) => words.stays(name(active.id)),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={end}
      accessibility={{ announcements, screenReaderInstructions: { draggable: words.instructions } }}
    >
      <SortableContext items={names.map((_, index) => idOf(index))} strategy={verticalListSortingStrategy}>
        {children}
      </SortableContext>
    </DndContext>
  );
}

export interface Sortable {
  ref: (element: HTMLElement | null) => void;
  style: CSSProperties;
  isDragged: boolean;
  grip: ReactNode;
}

/** What an item of a sortable list needs: `label` is that of the grip that it is dragged by. */
export function useSortableItem(index: number, label: string): Sortable {
  const { setNodeRef, setActivatorNodeRef, transform, transition, attributes, listeners, isDragging } = useSortable({
    id: idOf(index),
    // Items are known by their position: after a drop they are where they are drawn.
    animateLayoutChanges: () => false,
  });
  return {
    ref: setNodeRef,
    style: { transform: CSS.Translate.toString(transform), transition },
    isDragged: isDragging,
    grip: (
      <button
        type="button"
        className="grip"
        ref={setActivatorNodeRef}
        {...attributes}
        {...listeners}
        aria-roledescription={undefined}
        aria-label={label}
      >
        <Icon name="grip" />
      </button>
    ),
  };
}
