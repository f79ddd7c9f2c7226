//! gphotos-syncd: the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    gphotos_syncd::cli::main()
}
