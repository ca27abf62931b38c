//! What several commands take: where the journal is, which settings file, and how they are put together.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::answer::Failure;
use crate::config::{FILE_NAME, Layers};

/// The settings file that a command reads.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ConfigArgs {
    /// 설정 파일 · Settings file [default: jangbu.toml, if it is there]
    #[arg(long, alias = "settings", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

impl ConfigArgs {
    /// File and environment; the caller adds its flags.
    pub(super) fn layers(&self) -> Result<Layers, Failure> {
        let layers = match &self.config {
            Some(path) => Layers::default().file(&path.display().to_string(), &read(path)?),
            None if Path::new(FILE_NAME).exists() => Layers::default().file(FILE_NAME, &read(Path::new(FILE_NAME))?),
            None => Layers::default(),
        };
        Ok(layers.environment(variables()))
    }

    /// The file that `layers` reads, if any.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| Some(PathBuf::from(FILE_NAME)).filter(|path| path.exists()))
    }
}

/// The journal that a command reads or writes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct JournalArgs {
    /// 장부 디렉터리 · The journal's directory [default: journal.dir of the settings, jangbu-data]
    #[arg(long, value_name = "DIR")]
    pub(super) journal: Option<PathBuf>,
}

impl JournalArgs {
    /// The directory: as the flag says, else as the settings say.
    pub(super) fn dir(&self) -> Result<PathBuf, Failure> {
        match &self.journal {
            Some(dir) => Ok(dir.clone()),
            None => Ok(ConfigArgs::default().layers()?.finish().map_err(Failure::wrong_use)?.config.journal.dir),
        }
    }
}

/// The text of a settings file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::could_not(format_args!(
            "{shown}: no such settings file; `jangbu config init` writes one · 설정 파일이 없습니다; `jangbu config init`으로 만드세요"
        )),
        _ => Failure::could_not(format_args!("{shown}: {error}")),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::wrong_use(format_args!("{shown}: byte {at} is not UTF-8; save the file as UTF-8 · UTF-8로 저장하세요"))
    })
}

/// The environment, as far as it is text.
fn variables() -> Vec<(String, String)> {
    std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect()
}
