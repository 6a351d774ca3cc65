//! How failures of the platform's rooms become answers. Only here do they meet status codes.

use super::error::Error;
use crate::{db, identity};

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        let (code, message) = match &error {
            db::Error::Full(_) => ("store.full", "the store cannot be written: no space is left on its disk"),
            db::Error::ReadOnly(_) => {
                ("store.readOnly", "the store cannot be written: its file or directory is read-only")
            }
            db::Error::Busy(_) | db::Error::Conflict(_) => ("store.busy", "the store is busy; try again"),
            db::Error::Unreachable(_) => ("store.unreachable", "the store cannot be reached; try again"),
            db::Error::Damaged(_) | db::Error::Duplicate(_) | db::Error::Unreadable(_) | db::Error::Other(_) => {
                return Self::internal(error);
            }
        };
        Self::unavailable(code, message).with_cause(error)
    }
}

impl From<identity::Error> for Error {
    fn from(error: identity::Error) -> Self {
        use identity::Error as E;

        let (code, message) = (error.code(), error.to_string());
        match error {
            E::InvalidCredentials
            | E::TotpRequired
            | E::TotpInvalid
            | E::SetupNotAvailable
            | E::SetupTokenInvalid
            | E::SetupAlreadyCompleted => Self::unauthenticated(code, message),
            E::UsernameInvalid
            | E::PasswordTooShort
            | E::PasswordTooLong
            | E::CurrentPasswordIncorrect
            | E::TokenNameRequired
            | E::TokenNameInvalid
            | E::TokenExpiresAtPast => Self::invalid(code, message),
            E::UsernameExists | E::TokenNameExists | E::LastOwner | E::TotpNotEnrolled => Self::conflict(code, message),
            E::UserNotFound | E::SessionNotFound | E::TokenNotFound => Self::not_found(code, message),
            E::RoleTooLow | E::NeedsUser => Self::forbidden(code, message),
            E::Database(error) => error.into(),
            E::File(_) | E::Random(_) | E::Unusable(_) => Self::internal(error),
        }
    }
}
