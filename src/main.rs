//! `jangbu`: everything is in [`jangbu::cli`].
fn main() -> std::process::ExitCode {
    jangbu::cli::run()
}
