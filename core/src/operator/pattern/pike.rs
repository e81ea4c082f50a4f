//! Runs automata of any size: the current states are in a list (Pike's construction)
//!
//! Takes at most as many steps as states times characters. The lists belong to the run: there is no cache, no pool and no lock.

use super::nfa::{Closure, Here, Nfa, Transition};
use super::tree::Look;

/// Whether there is a match anywhere in the text
pub(super) fn is_match(nfa: &Nfa, text: &str) -> bool {
    let is_anchored = matches!(
        nfa.transition(nfa.start),
        Some(Transition::Look {
            look: Look::Start,
            ..
        })
    );
    let mut closure = Closure::new(nfa);
    let (mut states, mut next) = (Vec::new(), Vec::new());
    let mut rest = text.chars();
    let mut after = rest.next();
    let mut here = Here::new(None, after);
    let mut is_matched = closure.enter(nfa.start, here, &mut states);
    while let (Some(character), false) = (after, is_matched || states.is_empty() && is_anchored) {
        after = rest.next();
        here = Here::new(Some(character), after);
        closure.next_place();
        is_matched = !is_anchored && closure.enter(nfa.start, here, &mut next);
        for state in states.drain(..) {
            let transition = nfa.transition(state);
            let following = transition.and_then(|transition| nfa.step(transition, character));
            if let Some(following) = following {
                is_matched |= closure.enter(following, here, &mut next);
            }
        }
        std::mem::swap(&mut states, &mut next);
    }
    is_matched
}
