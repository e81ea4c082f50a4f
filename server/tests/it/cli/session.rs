//! The sessions of `docs/command-line.md` and `docs/migrate/own-hash.md`

use super::*;
use crate::support::{ADMIN, Process};

/// A text with each instant replaced, which has the same length
fn without_times(text: &str) -> String {
    let is_instant = |word: &str| {
        let shape: String = word
            .chars()
            .map(|letter| if letter.is_ascii_digit() { '0' } else { letter })
            .collect();
        shape == "0000-00-00T00:00:00.000Z"
    };
    let words = text.split_inclusive([' ', '\n']).map(|word| {
        let (text, end) = word.split_at(word.trim_end().len());
        let text = if is_instant(text) { "INSTANT" } else { text };
        format!("{text}{end}")
    });
    words.collect()
}

#[test]
fn the_session_of_the_command_line_is_what_the_commands_print() {
    let commands = check_session(include_str!("../../../../docs/command-line.md"));
    assert!(commands >= 10, "{commands}");
}

#[test]
fn the_session_about_hashes_is_what_the_commands_print() {
    let commands = check_session(include_str!("../../../../docs/migrate/own-hash.md"));
    assert_eq!(commands, 2);
}

/// Runs the commands of a page, and compares what they print; returns how many there are
fn check_session(page: &str) -> usize {
    let block = page.split("```console\n").nth(1).unwrap();
    let block = block.split("```").next().unwrap();
    let commands: Vec<&str> = block.split("$ ").skip(1).collect();
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &["--admin-token", ADMIN]);
    let binaries = Path::new(env!("CARGO_BIN_EXE_flagstaff")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut session = String::new();
    for shown in &commands {
        let (command, _) = shown.split_once('\n').unwrap();
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}\n}} 2>&1")])
            .current_dir(folder.path())
            .env_clear()
            .env("PATH", format!("{}:{path}", binaries.display()))
            .env("FLAGSTAFF_SERVER", &server.address)
            .env("FLAGSTAFF_TOKEN", ADMIN)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        session.extend(["$ ", command, "\n", &printed]);
    }
    assert_eq!(without_times(block), without_times(&session), "{session}");
    commands.len()
}
