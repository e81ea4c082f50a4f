//! Columns and colours for people
//!
//! What is printed for people may contain ANSI escapes: they are removed where stdout is no terminal, or `NO_COLOR` is set.

use anstream::adapter::strip_str;
use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

const HEAD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();

/// A text in the colour of what is on, added or in order
pub(super) fn good(text: &str) -> String {
    format!("{GOOD}{text}{GOOD:#}")
}

/// A text in the colour of what is removed or wrong
pub(super) fn bad(text: &str) -> String {
    format!("{BAD}{text}{BAD:#}")
}

/// A text in the colour of what deserves a look
pub(super) fn odd(text: &str) -> String {
    format!("{ODD}{text}{ODD:#}")
}

/// A text from elsewhere, with its control characters escaped: a terminal would obey them
pub(super) fn visible(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Rows below a head, each column as wide as its widest cell
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head
        .iter()
        .map(|name| format!("{HEAD}{name}{HEAD:#}"))
        .collect();
    columns(std::iter::once(&head).chain(rows))
}

/// Names and their values, a line for each
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let rows: Vec<Vec<String>> = pairs
        .iter()
        .map(|(name, value)| vec![format!("{HEAD}{name}{HEAD:#}"), value.clone()])
        .collect();
    columns(&rows)
}

fn columns<'r>(rows: impl IntoIterator<Item = &'r Vec<String>>) -> String {
    let rows: Vec<&Vec<String>> = rows.into_iter().collect();
    let count = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, wanted)| {
                let missing = wanted.saturating_sub(width(cell));
                format!("{cell}{}", " ".repeat(missing))
            })
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Columns of a terminal that a text takes
fn width(text: &str) -> usize {
    strip_str(text)
        .map(str::width)
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing_of_a_text_from_elsewhere() {
        assert_eq!(visible("größe \u{1b}[2J\n"), "größe \\u{1b}[2J\\n");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["1".to_owned(), good("ä"), "x".to_owned()],
            vec!["100".to_owned(), "東京".to_owned(), "y".to_owned()],
            vec![String::new(), "b".to_owned(), String::new()],
        ];
        let plain = |text: &str| strip_str(text).to_string();
        let text = table(&["no", "name", "flag"], &rows);
        assert_eq!(
            plain(&text),
            "no   name  flag\n1    ä     x\n100  東京  y\n     b\n"
        );
        assert!(text.starts_with("\u{1b}[1mno\u{1b}[0m"), "{text}");
        assert_eq!(plain(&table(&["no"], &[])), "no\n");
        let text = pairs(&[("key", "a".to_owned()), ("version", bad("7"))]);
        assert_eq!(plain(&text), "key      a\nversion  7\n");
    }
}
