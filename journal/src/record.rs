//! What can be journaled: [`Record`].

use crate::codec::{DecodeError, Decoder, Encoder};
use crate::stamp::{Seq, Stamp};

/// A value the journal can hold, with its stamp.
///
/// Records of one block are encoded one after the other with a shared [`Record::Context`], so that a record may be written as
/// its difference from an earlier one. The context starts empty at every block: a block is decoded with nothing but itself.
///
/// It can be handed to another thread: journals are written and read ahead by threads of their own.
pub trait Record: Sized + Send + 'static {
    /// Version of the encoding. Each block says the version it was written with; `decode` accepts every version ever released.
    const SCHEMA: u16;

    /// What earlier records of the same block leave behind for later ones.
    type Context: Default + Send;

    /// Makes `context` as good as new. Override it to keep allocations between blocks.
    fn reset(context: &mut Self::Context) {
        *context = Self::Context::default();
    }

    /// Appends this record and the times of its stamp. `stamp.seq` is not written: position in the block gives it.
    fn encode(&self, stamp: &Stamp, context: &mut Self::Context, out: &mut Encoder<'_>);

    /// Reads what `encode` of version `schema` wrote, and appends it to `out`. It appends rather than returns, so that a large
    /// record is built where it stays.
    ///
    /// # Errors
    /// When the bytes are not what `encode` writes; `out` is then as it was. Never panics, whatever the bytes.
    fn decode(
        schema: u16,
        seq: Seq,
        context: &mut Self::Context,
        input: &mut Decoder<'_>,
        out: &mut Vec<(Stamp, Self)>,
    ) -> Result<(), DecodeError>;
}
