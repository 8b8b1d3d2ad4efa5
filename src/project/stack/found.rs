//! Applications and components as they are found, before they are described.

use crate::application::{Component, Confidence, Evidence, Framework};
use crate::finding::Finding;

/// The root of an application.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) folder: Vec<u8>,
    pub(super) framework: Framework,
    pub(super) confidence: Confidence,
    pub(super) evidence: Vec<Evidence>,
    /// The folder of its pages, where that is another one than `folder`.
    pub(super) served: Option<Vec<u8>>,
    /// The folder of the framework's own code, where that is another one and in the tree.
    pub(super) core: Option<Vec<u8>>,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    /// Sorted by folder.
    pub(super) applications: Vec<Root>,
    pub(super) components: Vec<Component>,
    pub(super) findings: Vec<Finding>,
}
