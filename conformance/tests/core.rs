//! Every case against the core, in this process: one named test for each case

use std::process::ExitCode;
use std::sync::Arc;

use flagstaff_conformance::{
    AT_LEAST, CaseFile, Core, DiscoveryError, cases_directory, discover, run, vendor_suites,
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode, DiscoveryError> {
    let files = discover(&cases_directory())?;
    let number: usize = files.iter().map(|file| file.cases.len()).sum();
    let counted = Trial::test(format!("there are at least {AT_LEAST} cases"), move || {
        if number < AT_LEAST {
            Err(Failed::from(format!("found {number}")))
        } else {
            Ok(())
        }
    });
    let trials = files
        .into_iter()
        .map(Arc::new)
        .flat_map(|file| trials(&file))
        .chain([counted])
        .chain(vendors())
        .collect();
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}

/// The test vectors of other vendors; listed as ignored where they are not there
fn vendors() -> impl Iterator<Item = Trial> {
    let trial = |suite: &'static vendor_suites::Suite| {
        let name = format!("core/every vector of {}", suite.name);
        let trial = Trial::test(name, || Ok(suite.check(&mut Core::default())?));
        trial.with_ignored_flag(suite.folder().is_none())
    };
    vendor_suites::SUITES.iter().map(trial)
}

fn trials(file: &Arc<CaseFile>) -> Vec<Trial> {
    let trial = |case: &flagstaff_conformance::Case| {
        let (file, case) = (Arc::clone(file), case.clone());
        Trial::test(format!("core/{}/{}", file.topic, case.name), move || {
            run(&file, &case, &mut Core::default()).map_err(Failed::from)
        })
    };
    file.cases.iter().map(trial).collect()
}
