//! How each flag was taken over

use serde::Serialize;

use crate::ImportError;

/// How a flag was taken over
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Every user gets the same value as before
    Exact,
    /// The same, with remarks
    Remarks,
    /// Not taken over
    Refused,
}

/// A remark about a flag, or a reason why it is not taken over
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where in the vendor's file, as a JSON pointer
    pub pointer: String,
    /// The remark, and what to do
    pub message: String,
}

/// The report about one flag
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlagReport {
    /// The vendor's key
    pub flag: String,
    /// How it was taken over
    pub verdict: Verdict,
    /// The remarks, or the reasons why it is not taken over
    pub notes: Vec<Note>,
    /// Where the flag is in the vendor's file
    #[serde(skip)]
    pub(crate) pointer: String,
}

impl FlagReport {
    pub(crate) fn new(flag: &str, pointer: &str) -> Self {
        Self {
            flag: flag.to_owned(),
            verdict: Verdict::Exact,
            notes: Vec::new(),
            pointer: pointer.to_owned(),
        }
    }

    /// Adds a remark
    pub(crate) fn remark(&mut self, pointer: String, message: impl Into<String>) {
        self.note(Verdict::Remarks, pointer, message.into());
    }

    /// Refuses the flag
    pub(crate) fn refuse(&mut self, pointer: String, message: impl Into<String>) {
        self.note(Verdict::Refused, pointer, message.into());
    }

    /// Refuses the flag because of an error in the file
    pub(crate) fn refuse_error(&mut self, error: ImportError) {
        match error {
            ImportError::Shape { pointer, message } => self.refuse(pointer, message),
            other => self.refuse(String::new(), other.to_string()),
        }
    }

    fn note(&mut self, verdict: Verdict, pointer: String, message: String) {
        if self.verdict != Verdict::Refused {
            self.verdict = verdict;
        }
        let note = Note { pointer, message };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.verdict == Verdict::Refused
    }
}
