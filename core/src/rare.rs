//! What few objects have and all have a place for: a pointer where it is there, and one empty thing that all others share

use std::fmt;
use std::ops::Deref;

/// A type with an empty value, of which one is enough
pub(crate) trait Empty: 'static {
    const EMPTY: &'static Self;

    fn is_empty(&self) -> bool;
}

/// A `T` that is empty more often than not
pub(crate) struct Rare<T>(Option<Box<T>>);

impl<T: Empty> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Self((!value.is_empty()).then(|| Box::new(value)))
    }
}

impl<T: Empty> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}
