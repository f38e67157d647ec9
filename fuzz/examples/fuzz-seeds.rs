//! `fuzz-seeds TARGET DIRECTORY` writes the seeds of a target into a directory, a file each; `fuzz-seeds` alone names
//! the targets.

// It is a program: it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};
use tasker_fuzz::{TARGETS, seeds};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => {
            TARGETS.iter().for_each(|(name, _)| println!("{name}"));
            Ok(())
        }
        [target, directory] if TARGETS.iter().any(|(name, _)| name == target) => {
            write(target, Path::new(directory))
        }
        _ => Err(io::Error::other(
            "usage: fuzz-seeds [TARGET DIRECTORY]; without arguments it names the targets",
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(target: &str, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for (number, seed) in seeds::of(target)?.iter().enumerate() {
        fs::write(directory.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}
