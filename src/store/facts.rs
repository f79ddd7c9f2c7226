//! Small texts to remember.
//!
//! May import: `store`. Tests: in `store/tests/runs.rs`.

use rusqlite::OptionalExtension as _;

use crate::store::{Store, StoreError};

impl Store {
    /// A remembered text: `token-fingerprint`, `needs-login`, `notices-said`.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fact(&self, key: &'static str) -> Result<Option<String>, StoreError> {
        self.read("look up a fact", move |connection| {
            let mut find = connection.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
            find.query_row([key], |row| row.get(0)).optional()
        })
        .await
    }

    /// Remembers (or with none forgets) a text.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_fact(&self, key: &'static str, value: Option<String>) -> Result<(), StoreError> {
        self.write("remember a fact", move |tx| {
            match value {
                Some(value) => tx.execute("INSERT OR REPLACE INTO facts VALUES (?1, ?2)", [key, &value])?,
                None => tx.execute("DELETE FROM facts WHERE name = ?1", [key])?,
            };
            Ok(())
        })
        .await
    }
}
