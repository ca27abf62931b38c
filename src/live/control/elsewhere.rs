//! Where there are no Unix domain sockets: nobody is listened to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crossbeam_channel::Sender;

use super::{ControlError, Reply, Request, Running};
use crate::live::listing::Listing;
use crate::live::operator::Said;
use crate::live::status::Status;
use crate::market::Venue;

/// What requests would be checked against.
#[derive(Debug)]
pub struct Desk {
    /// The way into the loop.
    pub operator: Sender<Said>,
    /// What the session came to so far.
    pub board: Arc<Mutex<Status>>,
    /// Symbols.
    pub listing: Arc<Listing>,
    /// Its number.
    pub session: u32,
    /// Venues it is connected to.
    pub venues: Vec<Venue>,
    /// Venues where orders are for real money.
    pub real: Vec<Venue>,
    /// The settings under which it runs.
    pub running: tokio::sync::Mutex<Running>,
}

/// Nobody listens.
#[derive(Debug)]
pub struct Control;

impl Control {
    /// # Errors
    /// Always.
    pub fn start(_: &Path, _: Desk) -> Result<Control, ControlError> {
        Err(ControlError::Unsupported)
    }
}

/// # Errors
/// Always.
pub fn ask(_: &Path, _: &Request) -> Result<Reply, ControlError> {
    Err(ControlError::Unsupported)
}
