//! Where addresses are located on the map.

use shape::{Extra, Nullable, Num, Secret, Shape, Text, pattern};

use super::common::Cron;

pattern! {
    /// A country: two letters.
    pub struct Country = r"^[A-Za-z]{2}$";
}

/// Where addresses are located on the map.
#[derive(Clone, Debug, PartialEq, Shape)]
pub struct Geoip {
    /// Whether addresses are located at all.
    #[shape(default = false)]
    pub enabled: bool,
    /// The database that is kept here.
    #[shape(default = GeoDb::Dbip)]
    pub local_db_source: GeoDb,
    /// The key with which MaxMind's database is fetched.
    #[shape(default)]
    pub maxmind_license_key: Nullable<Secret>,
    /// The service that is asked when the database does not know.
    #[shape(default = GeoService::IpApi)]
    pub fallback_provider: GeoService,
    /// The token for that service.
    #[shape(default)]
    pub fallback_token: Nullable<Secret>,
    /// When the database is fetched again.
    #[shape(default = Cron::lit("17 4 * * 1"))]
    pub auto_update_cron: Cron,
    /// Where this place is, in degrees.
    #[shape(default)]
    pub home_latitude: Nullable<Num<-90, 90>>,
    /// Where this place is, in degrees.
    #[shape(default)]
    pub home_longitude: Nullable<Num<-180, 180>>,
    /// Which country this is.
    #[shape(default)]
    pub home_country: Nullable<Country>,
    /// What this place is called.
    #[shape(default)]
    pub home_label: Nullable<Text<1, 64>>,
    /// Keys that begin with `x-`.
    #[shape(extra)]
    pub extra: Extra,
}

/// Databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum GeoDb {
    /// None.
    None,
    /// MaxMind's.
    Maxmind,
    /// DB-IP's.
    Dbip,
}

/// Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Shape)]
#[shape(strings)]
pub enum GeoService {
    /// None.
    None,
    /// ip-api.com.
    IpApi,
    /// ipinfo.io.
    Ipinfo,
}
