//! A wish to stop, heard at safe points: being asked to stop is an outcome, not an error.

use tokio_util::sync::CancellationToken;

/// Cheap to clone; all clones hear the same wish.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shutdown(CancellationToken);

impl Shutdown {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A wish of its own that hears this one too; asking it does not ask this one.
    pub(crate) fn child(&self) -> Self {
        Self(self.0.child_token())
    }

    /// Asks everyone to stop at their next safe point.
    pub(crate) fn request(&self) {
        self.0.cancel();
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Resolves when somebody asks to stop.
    pub(crate) async fn requested(&self) {
        self.0.cancelled().await;
    }
}
