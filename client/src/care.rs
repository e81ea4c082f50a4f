//! What few evaluations need and all would pay for: after a fork, for a client whose users have another key, and the first of a client
//!
//! An evaluation reads one flag, which is false for nearly all of them.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use flagstaff_core::{AttributePath, Attributes, WithUserKey, user_key_hint};

/// The first evaluations of a client, whose contexts are looked at: a program that names users by another word does so from the start
const CHECKED: u8 = 10;

#[derive(Debug)]
pub(crate) struct Care {
    is_needed: AtomicBool,
    // Set by `after_fork`, so that getters need no system call to detect a fork.
    is_inherited: AtomicBool,
    // How many more contexts are looked at.
    unchecked: AtomicU8,
    is_hint_logged: AtomicBool,
    user_key: Option<AttributePath>,
}

impl Care {
    /// With the attribute that is the key of users without a `targetingKey`
    pub(crate) fn new(user_key: Option<AttributePath>) -> Self {
        Self {
            is_needed: AtomicBool::new(true),
            is_inherited: AtomicBool::new(false),
            unchecked: AtomicU8::new(CHECKED),
            is_hint_logged: AtomicBool::new(false),
            user_key,
        }
    }

    #[inline]
    pub(crate) fn is_needed(&self) -> bool {
        self.is_needed.load(Ordering::Relaxed)
    }

    /// The attribute that is the key of users without a `targetingKey`
    pub(crate) const fn user_key(&self) -> Option<&AttributePath> {
        self.user_key.as_ref()
    }

    /// This is the child process of a fork.
    pub(crate) fn mark_inherited(&self) {
        self.is_inherited.store(true, Ordering::Release);
        self.is_needed.store(true, Ordering::Release);
    }

    /// Whether this is the child process of a fork, and the first to ask
    pub(crate) fn take_inherited(&self) -> bool {
        let is_first = self.is_inherited.load(Ordering::Relaxed)
            && self.is_inherited.swap(false, Ordering::AcqRel);
        self.update();
        is_first
    }

    /// Logs once if the context seems to name its user by another word.
    #[cold]
    pub(crate) fn check<A: Attributes + ?Sized>(&self, context: &A) {
        let relaxed = Ordering::Relaxed;
        let take = |left: u8| left.checked_sub(1);
        if self.unchecked.fetch_update(relaxed, relaxed, take).is_err() {
            return;
        }
        let hint = match &self.user_key {
            Some(key) => user_key_hint(&WithUserKey::new(context, key)),
            None => user_key_hint(context),
        };
        if let Some(hint) = hint
            && !self.is_hint_logged.swap(true, relaxed)
        {
            self.unchecked.store(0, relaxed);
            log::warn!("{hint}, unless the client has the option `targeting_key_attribute`");
        }
        self.update();
    }

    fn update(&self) {
        let is_needed = self.user_key.is_some()
            || self.unchecked.load(Ordering::Relaxed) > 0
            || self.is_inherited.load(Ordering::Relaxed);
        self.is_needed.store(is_needed, Ordering::Relaxed);
    }
}
