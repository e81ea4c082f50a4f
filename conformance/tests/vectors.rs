//! The golden vectors of bucketing, against the core

use std::error::Error;

use flagstaff_conformance::vectors;
use flagstaff_core::{murmur3_x86_32, seed, slot};

#[test]
fn the_hashes_are_those_of_an_independent_implementation() -> Result<(), Box<dyn Error>> {
    for vector in vectors::read()?.hashes {
        let input = vector
            .input()
            .ok_or("a vector has either `text` or `bytes`")?;
        assert_eq!(
            murmur3_x86_32(&input, vector.seed),
            vector.hash,
            "{vector:?}"
        );
    }
    Ok(())
}

#[test]
fn every_unit_has_its_slot_for_ever() -> Result<(), Box<dyn Error>> {
    for vector in vectors::read()?.slots {
        assert_eq!(
            slot(&vector.unit, seed(&vector.seed_text()), vector.total),
            vector.slot,
            "{vector:?}"
        );
    }
    Ok(())
}

#[test]
fn there_are_at_least_two_hundred_vectors_of_each_sort() -> Result<(), Box<dyn Error>> {
    let vectors = vectors::read()?;
    assert!(vectors.hashes.len() >= 200 && vectors.slots.len() >= 200);
    let outside_ascii = vectors
        .slots
        .iter()
        .filter(|vector| !vector.unit.is_ascii());
    assert!(outside_ascii.count() >= 100);
    Ok(())
}
