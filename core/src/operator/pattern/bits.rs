//! Runs small automata: the bits of a number are the current states
//!
//! Nearly all patterns are small enough. A run allocates no memory, and takes a few instructions for each character.

use super::nfa::{Closure, Here, Nfa, State, Transition};

/// States that take a character, at most; the last bit is for the match
const MAX_STATES: usize = 127;
const MATCH: u128 = 1 << MAX_STATES;

/// A small automaton; the states that are reached without a character are computed in advance
#[derive(Debug)]
pub(super) struct Bits {
    nfa: Nfa,
    // Of the states that take a character, in the order of their bits.
    transitions: Box<[Transition]>,
    // The properties of a place that some assertion tests, as in `Here`.
    asked: u8,
    // The states in which a match may begin, by the properties of the place.
    start: [u128; 8],
    is_anchored: bool,
    // The states that follow each state, by the properties of the place, which is not the start.
    follow: Box<[Box<[u128]>]>,
    // Which of `taking` are the states that take each character of ASCII.
    ascii: [u8; 128],
    taking: Box<[u128]>,
}

impl Bits {
    /// Returns an automaton that is too large as the error
    pub(super) fn new(nfa: Nfa) -> Result<Self, Nfa> {
        let takes = |transition: &Transition| transition.taking().is_some();
        let transitions: Box<[_]> = nfa.transitions().filter(takes).collect();
        if transitions.len() > MAX_STATES {
            return Err(nfa);
        }
        let asks = |transition| match transition {
            Transition::Look { look, .. } => look.asks(),
            _ => 0,
        };
        let asked = nfa
            .transitions()
            .map(asks)
            .fold(0, |all, asked| all | asked);
        let mut reach = Reach::new(&nfa);
        let mut start = [0; 8];
        for (here, start) in (0..).map(Here).zip(&mut start) {
            *start = reach.from(nfa.start, here);
        }
        let next = || transitions.iter().filter_map(|state| state.taking());
        let heres = (0..=asked & !Here::START).map(Here);
        let follow = heres.map(|here| next().map(|state| reach.from(state, here)).collect());
        let mut bits = Self {
            follow: follow.collect(),
            transitions,
            asked,
            is_anchored: start.iter().take(4).all(|states| *states == 0),
            start,
            ascii: [0; 128],
            taking: Box::default(),
            nfa,
        };
        bits.sort_ascii();
        Ok(bits)
    }

    fn sort_ascii(&mut self) {
        let all = u128::MAX >> 1;
        let (mut ascii, mut taking) = ([0; 128], Vec::new());
        for (code, place) in (0_u8..).zip(&mut ascii) {
            let states = self.those_taking(char::from(code), all);
            let known = taking.iter().position(|other| *other == states);
            let position = known.unwrap_or(taking.len());
            if known.is_none() {
                taking.push(states);
            }
            // There are at most 128.
            *place = u8::try_from(position).unwrap_or_default();
        }
        self.ascii = ascii;
        self.taking = taking.into();
    }

    /// Whether there is a match anywhere in the text
    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut after = rest.next();
        let mut states = self.start(self.here(None, after));
        while states & MATCH == 0 {
            let Some(character) = after else {
                return false;
            };
            if states == 0 && self.is_anchored {
                return false;
            }
            after = rest.next();
            let here = self.here(Some(character), after);
            let taking = self.taking(character, states);
            states = self.start(here);
            if let Some(follow) = self.follow.get(usize::from(here.0)) {
                for state in bits(taking) {
                    states |= follow.get(state).copied().unwrap_or_default();
                }
            }
        }
        true
    }

    /// The properties of a place, as far as assertions test them
    #[inline]
    fn here(&self, before: Option<char>, after: Option<char>) -> Here {
        if self.asked == 0 {
            Here(0)
        } else {
            Here(Here::new(before, after).0 & self.asked)
        }
    }

    #[inline]
    fn start(&self, here: Here) -> u128 {
        let start = self.start.get(usize::from(here.0));
        start.copied().unwrap_or_default()
    }

    /// Those of the given states that take this character
    #[inline]
    fn taking(&self, character: char, states: u128) -> u128 {
        let code = usize::try_from(u32::from(character)).unwrap_or(usize::MAX);
        match self.ascii.get(code) {
            Some(place) => {
                let taking = self.taking.get(usize::from(*place));
                states & taking.copied().unwrap_or_default()
            }
            None => self.those_taking(character, states),
        }
    }

    fn those_taking(&self, character: char, states: u128) -> u128 {
        let takes = |state: &usize| {
            let transition = self.transitions.get(*state);
            transition.is_some_and(|transition| self.nfa.step(*transition, character).is_some())
        };
        bits(states)
            .filter(takes)
            .fold(0, |all, state| all | bit(state))
    }
}

fn bit(state: usize) -> u128 {
    u32::try_from(state)
        .ok()
        .and_then(|state| 1_u128.checked_shl(state))
        .unwrap_or_default()
}

/// The positions of the bits that are set
#[inline]
fn bits(mut states: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = usize::try_from(states.trailing_zeros()).ok()?;
        let has_one = states != 0;
        // Clears the lowest one.
        states &= states.wrapping_sub(1);
        has_one.then_some(lowest)
    })
}

/// Computes the bits of the states that are reached without a character
struct Reach<'n> {
    // By state; none for those that take no character.
    bits: Vec<u128>,
    closure: Closure<'n>,
    states: Vec<State>,
}

impl<'n> Reach<'n> {
    fn new(nfa: &'n Nfa) -> Self {
        let mut next = 0;
        let number = |transition: Transition| {
            let takes = transition.taking().is_some();
            let number = if takes { bit(next) } else { 0 };
            next = next.wrapping_add(usize::from(takes));
            number
        };
        Self {
            bits: nfa.transitions().map(number).collect(),
            closure: Closure::new(nfa),
            states: Vec::new(),
        }
    }

    fn from(&mut self, state: State, here: Here) -> u128 {
        self.closure.next_place();
        let is_matched = self.closure.enter(state, here, &mut self.states);
        let reached = self.states.drain(..);
        reached.fold(if is_matched { MATCH } else { 0 }, |all, state| {
            let bit = self.bits.get(usize::from(state));
            all | bit.copied().unwrap_or_default()
        })
    }
}
