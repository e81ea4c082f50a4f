use serde_json::json;

use super::*;

/// A chain of `count` rows as an export has it
fn rows(count: u64) -> Vec<Json> {
    let mut previous = GENESIS.to_owned();
    let mut rows = Vec::new();
    for sequence in 1..=count {
        let mut row = json!({"sequence": sequence, "actor": "ann", "previousHash": previous});
        previous = hash_of(&row);
        row["hash"] = previous.as_str().into();
        rows.push(row);
    }
    rows
}

fn verify(verifier: ChainVerifier, rows: &[Json]) -> Result<(u64, Option<Checkpoint>), ChainError> {
    let mut verifier = verifier;
    for row in rows {
        verifier.read(row.clone())?;
    }
    verifier.finish()
}

fn fault(rows: &[Json]) -> (u64, Fault) {
    let broken = verify(ChainVerifier::default(), rows).unwrap_err();
    (broken.sequence, broken.fault)
}

fn checkpoint(rows: &[Json], sequence: u64) -> Checkpoint {
    let row = rows.iter().find(|row| row["sequence"] == sequence).unwrap();
    format!("{sequence}:{}", row["hash"].as_str().unwrap())
        .parse()
        .unwrap()
}

#[test]
fn a_whole_chain_ends_at_its_head() {
    let rows = rows(3);
    let head = checkpoint(&rows, 3);
    assert_eq!(
        verify(ChainVerifier::default(), &rows),
        Ok((3, Some(head.clone())))
    );
    let known = vec![checkpoint(&rows, 1), head.clone()];
    assert_eq!(
        verify(ChainVerifier::new(known, false), &rows),
        Ok((3, Some(head)))
    );
    assert_eq!(verify(ChainVerifier::default(), &[]), Ok((0, None)));
}

#[test]
fn what_was_done_to_a_chain_is_told_at_the_first_row() {
    let whole = rows(4);
    let with = |change: &dyn Fn(&mut Vec<Json>)| {
        let mut rows = whole.clone();
        change(&mut rows);
        fault(&rows)
    };
    assert_eq!(
        with(&|rows| rows[1]["actor"] = "bob".into()),
        (2, Fault::Altered)
    );
    assert_eq!(with(&|rows| drop(rows.remove(1))), (2, Fault::Missing));
    assert_eq!(with(&|rows| rows.swap(1, 2)), (2, Fault::Missing));
    assert_eq!(
        with(&|rows| rows.insert(2, rows[0].clone())),
        (1, Fault::Reordered)
    );
    // Altered, with its hash recomputed: the next row reveals it.
    let forge = |rows: &mut Vec<Json>| {
        rows[1]["actor"] = "bob".into();
        rows[1].as_object_mut().unwrap().remove("hash");
        rows[1]["hash"] = hash_of(&rows[1]).into();
    };
    assert_eq!(with(&forge), (3, Fault::Relinked));
    assert_eq!(
        with(&|rows| rows[0]["hash"] = Json::Null),
        (1, Fault::Unchained)
    );
    assert_eq!(with(&|rows| rows[0] = json!([])), (1, Fault::Unchained));
}

#[test]
fn an_end_that_is_cut_or_written_anew_shows_only_to_who_knows_a_hash() {
    let whole = rows(3);
    let cut = &whole[..2];
    assert_eq!(verify(ChainVerifier::default(), cut).unwrap().0, 2);
    let broken = verify(ChainVerifier::new(vec![checkpoint(&whole, 3)], false), cut).unwrap_err();
    assert_eq!((broken.sequence, broken.fault), (3, Fault::Truncated));
    let mut other = checkpoint(&whole, 2);
    other.hash = GENESIS.to_owned();
    let broken = verify(ChainVerifier::new(vec![other], false), &whole).unwrap_err();
    assert_eq!((broken.sequence, broken.fault), (2, Fault::Rewritten));
}

#[test]
fn rows_that_a_filter_chose_are_verified_one_by_one() {
    let whole = rows(4);
    let chosen = [whole[0].clone(), whole[2].clone(), whole[3].clone()];
    assert_eq!(
        verify(ChainVerifier::new(Vec::new(), true), &chosen)
            .unwrap()
            .0,
        3
    );
    let mut altered = chosen;
    altered[1]["actor"] = "bob".into();
    let broken = verify(ChainVerifier::new(Vec::new(), true), &altered).unwrap_err();
    assert_eq!((broken.sequence, broken.fault), (3, Fault::Altered));
}

#[test]
fn an_anchor_is_a_number_and_a_hash() {
    for text in ["", "1", "1:", "x:00", "1:zz", &format!("-1:{GENESIS}")] {
        assert!(text.parse::<Checkpoint>().is_err(), "{text}");
    }
    let checkpoint: Checkpoint = format!("7:{}", GENESIS.replace('0', "A")).parse().unwrap();
    assert_eq!(
        checkpoint.to_string(),
        format!("7:{}", GENESIS.replace('0', "a"))
    );
}

#[test]
fn a_chain_without_its_old_rows_holds_if_a_row_says_that_they_were_deleted() {
    let mut rows = rows(3);
    let deletion = |until: u64, hash: &Json| {
        let head = json!({"sequence": until.to_string(), "hash": hash});
        let mut row = json!({"sequence": 4, "kind": "audit", "action": "delete", "previousHash": rows[2]["hash"],
            "changes": [{"pointer": "", "before": head}]});
        row["hash"] = hash_of(&row).into();
        row
    };
    let right = deletion(2, &rows[1]["hash"]);
    let others = [deletion(1, &rows[0]["hash"]), deletion(2, &rows[0]["hash"])];
    rows.drain(..2);
    assert_eq!(fault(&rows), (1, Fault::Missing));
    for other in others {
        assert_eq!(fault(&[rows[0].clone(), other]), (1, Fault::Missing));
    }
    let whole = [rows[0].clone(), right];
    assert_eq!(verify(ChainVerifier::default(), &whole).unwrap().0, 2);
    let known = vec![Checkpoint {
        sequence: 1,
        hash: GENESIS.to_owned(),
    }];
    assert!(
        verify(ChainVerifier::new(known, false), &whole).is_ok(),
        "it was deleted"
    );
}
