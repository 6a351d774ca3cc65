//! The frontends alone: a tiny part of `show stat`, which at 10,000 backends takes a worker 165 ms to print whole.

use super::{Admin, DUMP, StatReader};
use crate::{Result, wire};

/// One frontend, as it is at run time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontendRow {
    pub name: String,
    /// `OPEN`, `PAUSED`, `STOP` or `FULL`.
    pub status: String,
    /// The limit of connections that counts now.
    pub maxconn: Option<u64>,
}

impl FrontendRow {
    /// Whether an operator paused it.
    pub fn is_paused(&self) -> bool {
        self.status == "PAUSED"
    }
}

impl Admin {
    /// `show stat` of all frontends (any proxy, type 1, any server id; management guide, `show stat`).
    pub async fn frontends(&self) -> Result<Vec<FrontendRow>> {
        let (mut rows, mut reader) = (Vec::new(), StatReader::default());
        wire::stream(&self.socket, b"show stat -1 1 -1\n", DUMP, |piece| {
            reader.feed(piece, &mut |row| {
                let text = |name: &str| row.get(name).unwrap_or_default().to_owned();
                rows.push(FrontendRow {
                    name: text("pxname"),
                    status: text("status"),
                    maxconn: text("slim").parse().ok(),
                });
            })
        })
        .await?;
        reader.finish()?;
        Ok(rows)
    }
}
