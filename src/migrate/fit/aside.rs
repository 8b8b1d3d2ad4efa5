//! What would disturb a copy into a schema that is not ours, set aside for its time: foreign keys
//! are dropped and triggers disabled, as their owner may, with no superuser.
//!
//! Nothing gets lost: what is set aside is noted in `nirvana.set_aside` in the transaction that takes
//! it away, and the note goes in the transaction that brings it back. So it stands in exactly one of
//! the two, whatever ends the program and whenever; and whoever goes on takes both together.

use crate::event::Events;
use crate::finding::{Code, Finding, Place, PlaceKind};
use crate::migrate::build::{Builder, History};
use crate::migrate::conversion::Conversion;
use crate::migrate::error::Error;
use crate::migrate::fit::{Counter, Fit};
use crate::name::{TableName, postgres_quoted};
use crate::postgres::connect::Session;
use crate::postgres::ddl;
use crate::postgres::journal::SetAside;
use crate::postgres::quote::literal;
use crate::postgres::schema::{ForeignKey, Table};
use crate::postgres::standing::{self, StandingTrigger};

impl Fit {
    /// The statements that take it all away, and empty what is to be emptied; in this order.
    pub(super) fn disturb(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| ddl::drop_constraint(&key.table, &key.name));
        let triggers = self.triggers.iter().map(StandingTrigger::disable);
        let mut statements: Vec<String> = keys.chain(triggers).collect();
        if !self.emptied.is_empty() {
            let tables: Vec<String> = self.emptied.iter().map(TableName::postgres).collect();
            statements.push(format!("TRUNCATE {}", tables.join(", ")));
        }
        statements
    }

    /// Within the caller's transaction: notes all that is set aside, and takes it away.
    pub(crate) async fn take(&self, session: &Session) -> Result<(), Error> {
        for key in &self.keys {
            session.execute(&key.set_aside().note()).await?;
        }
        for trigger in &self.triggers {
            session.execute(&trigger.set_aside().note()).await?;
        }
        for statement in self.disturb() {
            session.execute(&statement).await?;
        }
        Ok(())
    }
}

/// Brings things back, and tells what could not be.
pub(crate) struct Restorer<'a> {
    pub(crate) session: &'a Session,
    pub(crate) events: &'a Events,
    pub(crate) conversion: &'a Conversion,
    pub(crate) fit: &'a Fit,
}

impl Restorer<'_> {
    /// Adds the foreign keys, not yet validated, and lets triggers fire again. Keys of tables that
    /// no other task looks after are validated at once.
    pub(crate) async fn restore(&self) -> Result<(), Error> {
        for key in &self.fit.keys {
            self.one(PlaceKind::ForeignKey, &key.set_aside()).await?;
        }
        for trigger in &self.fit.triggers {
            self.one(PlaceKind::Trigger, &trigger.set_aside()).await?;
        }
        for (key, planned) in self.fit.keys_of_others(&self.conversion.mappings) {
            self.validate(&key.table, planned).await?;
        }
        Ok(())
    }

    async fn one(&self, kind: PlaceKind, aside: &SetAside) -> Result<(), Error> {
        let Err(error) = self.session.execute(&aside.bring_back()).await else { return Ok(()) };
        let lost = Error::from(error);
        if lost.ends_the_run() {
            return Err(lost);
        }
        self.session.execute("ROLLBACK").await?;
        let source = self.conversion.source_of(&aside.table);
        let message = format!("not brought back: {}", lost.words());
        let help = format!("nirvana.set_aside keeps it: {};", aside.restore);
        let place = Place::part(kind, source, &aside.name);
        self.events.found(Finding::error(Code::ObjectNotBuilt, place, message).help(help));
        Ok(())
    }

    async fn validate(&self, table: &TableName, key: ForeignKey) -> Result<(), Error> {
        let table = Table {
            name: table.clone(),
            comment: String::new(),
            columns: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: vec![key],
            triggers: Vec::new(),
            partitioning: None,
        };
        let builder = Builder {
            session: self.session,
            events: self.events,
            source: &table.name,
            table: &table,
            history: History::New,
        };
        builder.validate_foreign_keys().await
    }

    /// Sets the sequences of one table.
    pub(crate) async fn count(&self, table: usize) -> Result<(), Error> {
        for counter in self.fit.counters.get(table).into_iter().flatten() {
            let Err(error) = self.session.execute(&counter.set()).await else { continue };
            let error = Error::from(error);
            if error.ends_the_run() {
                return Err(error);
            }
            let source = &self.conversion.mappings[table].source;
            let place = Place::part(PlaceKind::Sequence, source, &counter.column);
            self.events.found(Finding::error(Code::ObjectNotBuilt, place, error.words()));
        }
        Ok(())
    }
}

impl Counter {
    /// Goes on behind the greatest of what the source has given and what stands in the column.
    pub(super) fn set(&self) -> String {
        let (table, column) = (self.table.postgres(), postgres_quoted(&self.column));
        let (sequence, last) = (literal(&self.sequence.postgres()), self.last);
        format!(
            "SELECT setval({sequence}, least(greatest(m.last, q.seqmin), q.seqmax)::bigint, \
             m.last >= q.seqmin) FROM pg_catalog.pg_sequence q, \
             (SELECT greatest(coalesce(max({column}), 0)::numeric, {last}) AS last FROM {table}) m \
             WHERE q.seqrelid = {sequence}::regclass"
        )
    }
}

/// The proof that all is back: each foreign key and each trigger is as it was found.
pub(crate) async fn prove(
    session: &Session,
    (conversion, fit): (&Conversion, &Fit),
    events: &Events,
) -> Result<(), Error> {
    let schemas: Vec<&str> = fit.schemas.iter().map(String::as_str).collect();
    let now = standing::read(session, &schemas).await?;
    let known: Vec<Place> = events.findings().into_iter().map(|finding| finding.place).collect();
    let differs = |kind, table: &TableName, name: &str, found: &str| {
        let source = conversion.source_of(table);
        let place = Place::part(kind, source, name);
        if !known.contains(&place) {
            let message = format!("planned: as it was before the run; there is: {found}");
            events.found(Finding::error(Code::CatalogDiffers, place, message));
        }
    };
    for key in &fit.keys {
        let mut same = now.keys.iter().filter(|one| one.table == key.table && one.name == key.name);
        match same.next() {
            None => differs(PlaceKind::ForeignKey, &key.table, &key.name, "nothing"),
            Some(found) if found.definition != key.definition => {
                differs(PlaceKind::ForeignKey, &key.table, &key.name, &found.definition);
            }
            Some(found) if !found.is_validated => {
                differs(PlaceKind::ForeignKey, &key.table, &key.name, "a key NOT VALID");
            }
            Some(_) => {}
        }
    }
    for trigger in &fit.triggers {
        let same = |one: &StandingTrigger| {
            (&one.table, &one.name, one.is_always)
                == (&trigger.table, &trigger.name, trigger.is_always)
        };
        if !now.triggers.iter().any(same) {
            differs(PlaceKind::Trigger, &trigger.table, &trigger.name, "nothing that fires so");
        }
    }
    Ok(())
}
