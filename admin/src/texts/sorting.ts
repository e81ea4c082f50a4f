const at = (position: number, count: number) => `place ${position} of ${count}`;

/** What is read aloud while an item of a list is dragged */
export const sorting = {
  instructions: 'Space picks it up, arrow keys move it, Space drops it, and Escape takes it back.',
  pickedUp: (name: string, position: number, count: number) => `${name} is picked up from ${at(position, count)}.`,
  isAt: (name: string, position: number, count: number) => `${name} is over ${at(position, count)}.`,
  nowhere: (name: string) => `${name} is over no place.`,
  dropped: (name: string, position: number, count: number) => `${name} is at ${at(position, count)}.`,
  stays: (name: string) => `${name} stays where it was.`,
};
