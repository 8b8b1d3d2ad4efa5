//! What is no table and no part of one: the next values of sequences, and views, once all rows
//! are there. What the target refuses is a finding with its words, and everything else is made.

use crate::event::Events;
use crate::fault::Blame;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::build::{self, History};
use crate::migrate::conversion::Conversion;
use crate::migrate::error::Error;
use crate::postgres::connect::Session;
use crate::postgres::ddl;
use crate::postgres::schema::Schema;

/// Sets all sequences, and makes the views, each in a transaction of its own: one that does not
/// compile leaves nothing behind.
pub(crate) async fn finish(
    session: &Session,
    conversion: &Conversion,
    history: History,
    events: &Events,
) -> Result<(), Error> {
    let Schema { sequences, views, .. } = &conversion.target;
    let sequences =
        sequences.iter().map(|one| (PlaceKind::Sequence, &one.name, ddl::set_sequence(one)));
    let views = views.iter().map(|view| (PlaceKind::View, &view.name, ddl::create_view(view)));
    for (kind, name, statement) in sequences.chain(views) {
        match session.execute(&statement).await {
            Ok(()) => {}
            Err(error) if build::ends_the_run(&error) => return Err(error.into()),
            Err(error) if history.excuses(&error) => {}
            Err(error) => {
                let place = Place::of(kind, conversion.source_of(name));
                let mut finding = Finding::error(Code::ObjectNotBuilt, place, error.to_string());
                if let Some(hint) = error.hint() {
                    finding = finding.help(hint);
                }
                events.found(finding);
            }
        }
    }
    Ok(())
}
