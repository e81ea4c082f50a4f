//! Patterns as nondeterministic automata

use super::class::Class;
use super::tree::{Look, Node};

/// A state of an automaton
pub(super) type State = u16;

/// The automaton of a pattern (Thompson's construction)
#[derive(Debug)]
pub(super) struct Nfa {
    transitions: Box<[Transition]>,
    classes: Box<[Class]>,
    pub(super) start: State,
}

/// A transition out of a state
#[derive(Debug, Clone, Copy)]
pub(super) enum Transition {
    /// Nothing: the pattern has matched
    Match,
    Character {
        expected: char,
        next: State,
    },
    Class {
        class: u16,
        next: State,
    },
    Look {
        look: Look,
        next: State,
    },
    Either {
        first: State,
        second: State,
    },
}

/// More states than can be numbered; a pattern of [`crate::limits::MAX_PATTERN_SIZE`] has at most six for each of its parts
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Transition {
    /// The next state, if it takes a character to get there
    pub(super) fn taking(self) -> Option<State> {
        match self {
            Self::Character { next, .. } | Self::Class { next, .. } => Some(next),
            Self::Match | Self::Look { .. } | Self::Either { .. } => None,
        }
    }
}

impl Nfa {
    pub(super) fn new(tree: &Node, classes: Vec<Class>) -> Result<Self, TooLarge> {
        let mut builder = Builder(Vec::new());
        let end = builder.push(Transition::Match)?;
        let start = builder.node(tree, end)?;
        Ok(Self {
            transitions: builder.0.into(),
            classes: classes.into(),
            start,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.transitions.len()
    }

    pub(super) fn transitions(&self) -> impl Iterator<Item = Transition> {
        self.transitions.iter().copied()
    }

    #[inline]
    pub(super) fn transition(&self, state: State) -> Option<Transition> {
        self.transitions.get(usize::from(state)).copied()
    }

    /// The state after a character, if the transition takes it
    #[inline]
    pub(super) fn step(&self, transition: Transition, character: char) -> Option<State> {
        match transition {
            Transition::Character { expected, next } => (expected == character).then_some(next),
            Transition::Class { class, next } => {
                let class = self.classes.get(usize::from(class))?;
                class.has(character).then_some(next)
            }
            Transition::Match | Transition::Look { .. } | Transition::Either { .. } => None,
        }
    }
}

/// A place between two characters, as assertions see it
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Here(pub(super) u8);

impl Here {
    pub(super) const END: u8 = 1;
    pub(super) const BOUNDARY: u8 = 2;
    pub(super) const START: u8 = 4;

    #[inline]
    pub(super) fn new(before: Option<char>, after: Option<char>) -> Self {
        let start = if before.is_none() { Self::START } else { 0 };
        let end = if after.is_none() { Self::END } else { 0 };
        let is_boundary = is_word(before) != is_word(after);
        let boundary = if is_boundary { Self::BOUNDARY } else { 0 };
        Self(start | end | boundary)
    }

    fn holds(self, look: Look) -> bool {
        (self.0 & look.asks() != 0) != (look == Look::NoBoundary)
    }
}

fn is_word(character: Option<char>) -> bool {
    character.is_some_and(|character| character.is_ascii_alphanumeric() || character == '_')
}

impl Look {
    /// The property of a place that it tests
    pub(super) fn asks(self) -> u8 {
        match self {
            Self::Start => Here::START,
            Self::End => Here::END,
            Self::Boundary | Self::NoBoundary => Here::BOUNDARY,
        }
    }
}

/// Finds the states that are reached without a character, each once for each place of a text
pub(super) struct Closure<'n> {
    nfa: &'n Nfa,
    // The place at which a state was last entered.
    entered: Vec<u32>,
    place: u32,
    waiting: Vec<State>,
}

impl<'n> Closure<'n> {
    pub(super) fn new(nfa: &'n Nfa) -> Self {
        Self {
            nfa,
            entered: vec![0; nfa.len()],
            place: 1,
            waiting: Vec::new(),
        }
    }

    /// Goes on to another place, at which no state has been entered
    pub(super) fn next_place(&mut self) {
        // INVARIANT: a text has fewer characters.
        self.place = self.place.wrapping_add(1);
    }

    /// Enters a state, and adds the states to `reached` that take a character; returns whether the pattern has matched
    pub(super) fn enter(&mut self, state: State, here: Here, reached: &mut Vec<State>) -> bool {
        let mut state = state;
        loop {
            let next = match self.nfa.transition(state) {
                Some(transition) if self.is_first(state) => match transition {
                    Transition::Match => {
                        self.waiting.clear();
                        return true;
                    }
                    Transition::Character { .. } | Transition::Class { .. } => {
                        reached.push(state);
                        None
                    }
                    Transition::Look { look, next } => here.holds(look).then_some(next),
                    Transition::Either { first, second } => {
                        self.waiting.push(second);
                        Some(first)
                    }
                },
                _ => None,
            };
            match next.or_else(|| self.waiting.pop()) {
                Some(next) => state = next,
                None => return false,
            }
        }
    }

    /// Marks a state as entered; returns whether it was not yet entered at this place
    fn is_first(&mut self, state: State) -> bool {
        let entered = self.entered.get_mut(usize::from(state));
        entered.is_some_and(|entered| std::mem::replace(entered, self.place) != self.place)
    }
}

/// The states so far, from the end of the pattern to its start, so that the next one is always known
struct Builder(Vec<Transition>);

impl Builder {
    fn push(&mut self, transition: Transition) -> Result<State, TooLarge> {
        let state = State::try_from(self.0.len()).map_err(|_| TooLarge)?;
        self.0.push(transition);
        Ok(state)
    }

    /// Adds the states that match a node and continue at `next`; returns the first of them
    fn node(&mut self, node: &Node, next: State) -> Result<State, TooLarge> {
        match node {
            Node::Character(expected) => self.push(Transition::Character {
                expected: *expected,
                next,
            }),
            Node::Class(class) => self.push(Transition::Class {
                class: *class,
                next,
            }),
            Node::Look(look) => self.push(Transition::Look { look: *look, next }),
            Node::Sequence(nodes) => nodes
                .iter()
                .rev()
                .try_fold(next, |next, node| self.node(node, next)),
            Node::Choice(nodes) => {
                let mut nodes = nodes.iter().rev();
                let mut start = match nodes.next() {
                    Some(last) => self.node(last, next)?,
                    None => next,
                };
                for node in nodes {
                    let first = self.node(node, next)?;
                    let second = start;
                    start = self.push(Transition::Either { first, second })?;
                }
                Ok(start)
            }
            Node::Repeat(node, at_least, None) => self.repeat(node, *at_least, next),
            Node::Repeat(node, at_least, Some(at_most)) => {
                // Each repetition that may be left out leads to the end: `xx(x(x)?)?`.
                let optional = (*at_least..*at_most).try_fold(next, |start, _| {
                    let first = self.node(node, start)?;
                    let second = next;
                    self.push(Transition::Either { first, second })
                })?;
                (0..*at_least).try_fold(optional, |next, _| self.node(node, next))
            }
        }
    }

    /// Repetitions without an upper bound: the last one is a loop
    fn repeat(&mut self, node: &Node, at_least: u16, next: State) -> Result<State, TooLarge> {
        let (first, second) = (next, next);
        let again = self.push(Transition::Either { first, second })?;
        let first = self.node(node, again)?;
        if let Some(transition) = self.0.get_mut(usize::from(again)) {
            *transition = Transition::Either { first, second };
        }
        let start = if at_least == 0 { again } else { first };
        (1..at_least).try_fold(start, |next, _| self.node(node, next))
    }
}
