//! A boxed field that is empty in most objects

use std::fmt;
use std::ops::Deref;

/// A type with one shared empty value
pub(crate) trait Empty: 'static {
    const EMPTY: &'static Self;

    fn is_empty(&self) -> bool;
}

/// A `T`, boxed unless it is empty
pub(crate) struct EmptyOrBox<T>(Option<Box<T>>);

impl<T: Empty> From<T> for EmptyOrBox<T> {
    fn from(value: T) -> Self {
        Self((!value.is_empty()).then(|| Box::new(value)))
    }
}

impl<T> EmptyOrBox<T> {
    /// `None` if it is empty, which costs less than reading the empty value
    #[inline]
    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T: Empty> Deref for EmptyOrBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::EMPTY)
    }
}

impl<T: Empty + fmt::Debug> fmt::Debug for EmptyOrBox<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}
