//! A store of its own for each test, on either database, with a clock that the test moves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use platform::clock::Manual;
use platform::db::{Db, Location};
use platform::identity::{Caller, Client, Identity, Role, Settings};
use platform::secrets::Vault;
use plenum_platform as platform;
use tempfile::TempDir;
use testkit::Postgres;

pub(crate) const PASSWORD: &str = "correct horse";

/// Runs each function on SQLite as a test of its own, and all of them on one PostgreSQL cluster, a database each.
macro_rules! conformance {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::kit::Store::sqlite().await).await;
                }
            )+
        }

        #[tokio::test]
        async fn on_postgres() {
            let postgres = testkit::Postgres::start().unwrap();
            $(
                println!("on PostgreSQL: {}", stringify!($name));
                $name(crate::kit::Store::postgres(&postgres).await).await;
            )+
        }
    };
}

pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) clock: Arc<Manual>,
    pub(crate) location: Location,
    pub(crate) directory: TempDir,
}

impl Store {
    pub(crate) async fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let location = Location::parse(None, directory.path()).unwrap();
        Self::open(location, directory).await
    }

    pub(crate) async fn postgres(postgres: &Postgres) -> Self {
        let url = postgres.database().await.unwrap();
        let directory = TempDir::new().unwrap();
        let location = Location::parse(Some(&url), directory.path()).unwrap();
        Self::open(location, directory).await
    }

    async fn open(location: Location, directory: TempDir) -> Self {
        let clock = Manual::new("2026-05-17T12:34:56Z".parse().unwrap());
        let db = Db::open(&location, clock.clone()).await.unwrap();
        Self { db, clock, location, directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("plenum.db")
    }

    /// Closes the store and opens it again, as a restart does.
    pub(crate) async fn restart(&mut self) {
        self.db.close().await;
        self.db = Db::open(&self.location, self.clock.clone()).await.unwrap();
    }

    pub(crate) async fn identity(&self) -> Identity {
        let vault = Arc::new(Vault::load(self.path(), &self.db).await.unwrap());
        let settings = Settings { bcrypt_cost: 4, ..Settings::default() };
        Identity::new(self.db.clone(), vault, self.path(), settings).unwrap()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub(crate) fn now(&self) -> Timestamp {
        platform::clock::Clock::now(&*self.clock)
    }

    /// Runs a statement as someone does who goes behind our back.
    pub(crate) async fn tamper(&self, sql: &'static str) -> u64 {
        let mut tx = self.db.begin().await.unwrap();
        let rows = platform::on_db!(tx, c => sqlx::query(sql).execute(c).await.unwrap().rows_affected());
        tx.commit().await.unwrap();
        rows
    }
}

pub(crate) fn root() -> Caller {
    Caller::local("root")
}

pub(crate) fn client() -> Client {
    Client { ip: Some("192.0.2.7".parse().unwrap()), user_agent: Some("test/1".to_owned()) }
}

/// A user, and the caller that they are after signing in, with the secret of the session.
pub(crate) async fn signed_in(identity: &Identity, username: &str, role: Role) -> (Caller, String) {
    identity.create_user(&root(), username, role, PASSWORD).await.unwrap();
    sign_in(identity, username, PASSWORD).await
}

pub(crate) async fn sign_in(identity: &Identity, username: &str, password: &str) -> (Caller, String) {
    let (_, session) = identity.login(username, password, None, &client()).await.unwrap();
    let secret = session.secret.expose().to_owned();
    let caller = identity.authenticate_session(&secret).await.unwrap().unwrap();
    ((*caller).clone(), secret)
}
