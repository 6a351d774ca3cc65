//! What can go wrong with identities, each with the code that clients know it by.

use crate::{db, files};

/// A refused or failed identity operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Wrong username or password, unknown or disabled user: deliberately one and the same.
    #[error("wrong username or password")]
    InvalidCredentials,
    /// The password is right and a code is needed.
    #[error("enter the code of your authenticator as well")]
    TotpRequired,
    /// The code is wrong, too old, or was used before.
    #[error("the code is wrong or was used before; wait for the next one")]
    TotpInvalid,
    /// The second factor is not set up.
    #[error("no second factor is being set up for this account")]
    TotpNotEnrolled,
    /// The username has the wrong form.
    #[error("a username is 2 to 32 characters: a lower-case letter, then lower-case letters, digits, '.', '_' or '-'")]
    UsernameInvalid,
    /// The password is too short.
    #[error("a password needs at least 8 characters")]
    PasswordTooShort,
    /// The password is too long.
    #[error("a password may have at most 256 characters")]
    PasswordTooLong,
    /// The username is taken.
    #[error("a user of that name exists already")]
    UsernameExists,
    /// There is no such user.
    #[error("there is no such user")]
    UserNotFound,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    CurrentPasswordIncorrect,
    /// It would leave nobody in charge.
    #[error("this is the last enabled owner; make another user owner first")]
    LastOwner,
    /// The caller may not give or touch that role.
    #[error("your role does not allow changes to that role")]
    RoleTooLow,
    /// Only a person signed in as a user can do that.
    #[error("this needs a signed-in user")]
    NeedsUser,
    /// There is no such session.
    #[error("there is no such session")]
    SessionNotFound,
    /// The token has no name.
    #[error("a token needs a name")]
    TokenNameRequired,
    /// The token's name has the wrong form.
    #[error("a token's name is 1 to 64 characters: a letter or digit, then letters, digits, spaces, '.', '_' or '-'")]
    TokenNameInvalid,
    /// The token's name is taken.
    #[error("a token of that name exists already")]
    TokenNameExists,
    /// There is no such token.
    #[error("there is no such token")]
    TokenNotFound,
    /// The expiry lies in the past.
    #[error("the expiry must lie in the future")]
    TokenExpiresAtPast,
    /// No first-run setup is open.
    #[error("no setup is open; look for setup.token in the data directory, or create a user with plenum user add")]
    SetupNotAvailable,
    /// The setup token is wrong.
    #[error("the setup token is wrong; it is in the file setup.token in the data directory")]
    SetupTokenInvalid,
    /// There are users already.
    #[error("setup was completed before; sign in instead")]
    SetupAlreadyCompleted,
    /// The store failed.
    #[error("the identity store failed")]
    Database(#[from] db::Error),
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// There is no randomness.
    #[error("the operating system gave no random bytes")]
    Random(#[from] getrandom::Error),
    /// A stored hash or secret is unusable, or the hash function failed.
    #[error("a stored credential cannot be used: {0}")]
    Unusable(&'static str),
}

impl Error {
    /// The stable code that clients see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "auth.invalidCredentials",
            Self::TotpRequired => "auth.totp.required",
            Self::TotpInvalid => "auth.totp.invalid",
            Self::TotpNotEnrolled => "auth.totp.notEnrolled",
            Self::UsernameInvalid => "auth.user.usernameInvalid",
            Self::PasswordTooShort => "auth.user.passwordTooShort",
            Self::PasswordTooLong => "auth.user.passwordTooLong",
            Self::UsernameExists => "auth.user.usernameExists",
            Self::UserNotFound => "auth.user.notFound",
            Self::CurrentPasswordIncorrect => "auth.user.currentPasswordIncorrect",
            Self::LastOwner => "auth.user.lastOwner",
            Self::RoleTooLow => "auth.user.roleTooLow",
            Self::NeedsUser => "auth.forbidden.sessionOnly",
            Self::SessionNotFound => "auth.session.notFound",
            Self::TokenNameRequired => "auth.token.nameRequired",
            Self::TokenNameInvalid => "auth.token.nameInvalid",
            Self::TokenNameExists => "auth.token.nameExists",
            Self::TokenNotFound => "auth.token.notFound",
            Self::TokenExpiresAtPast => "auth.token.expiresAtPast",
            Self::SetupNotAvailable => "auth.setup.notAvailable",
            Self::SetupTokenInvalid => "auth.setup.tokenInvalid",
            Self::SetupAlreadyCompleted => "auth.setup.alreadyCompleted",
            Self::Database(_) | Self::File(_) | Self::Random(_) | Self::Unusable(_) => "api.internalError",
        }
    }
}
