//! gphotos-syncd: the program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    gphotos_syncd::cli::main()
}
