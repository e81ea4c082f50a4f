import { createContext, useContext } from 'react';
import type { Place } from '../../api/queries';

/** Where the flag of the page is: for fields that offer what the environment has */
export const FlagPlace = createContext<Place | undefined>(undefined);

export function useFlagPlace(): Place {
  const place = useContext(FlagPlace);
  if (place === undefined) {
    throw new Error('a field of a flag is outside of the page of a flag');
  }
  return place;
}
