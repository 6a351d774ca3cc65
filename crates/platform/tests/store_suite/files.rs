//! Files: atomic, private, and never outside their directory.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use platform::files::{self, Beneath, DataDir, DataDirError, DatabaseLock, NameError, check_name, check_path};
use plenum_platform as platform;
use tempfile::TempDir;
use testkit::Disk;

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn f2_a_full_disk_leaves_the_old_file_and_no_litter() {
    let disk = Disk::mount(1 << 20);
    let file = disk.path().join("file");
    files::write_atomic(&file, b"old", 0o600).unwrap();
    disk.fill_leaving(8_192).unwrap();
    let error = files::write_atomic(&file, &[0; 100_000], 0o600).unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
    let beneath = Beneath::open(disk.path()).unwrap();
    assert!(beneath.write_atomic("file", &[0; 100_000], 0o600).is_err());
    assert_eq!(std::fs::read(&file).unwrap(), b"old");
    assert_eq!(names(disk.path()), [".filler", "file"]);
    disk.clear().unwrap();
    files::write_atomic(&file, b"new", 0o600).unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
}

#[test]
fn f5_a_read_only_file_system_leaves_the_old_file() {
    let disk = Disk::mount(1 << 20);
    let file = disk.path().join("file");
    files::write_atomic(&file, b"old", 0o600).unwrap();
    let link = disk.path().join("link");
    files::symlink_atomic(Path::new("file"), &link).unwrap();
    disk.set_read_only(true).unwrap();
    let error = files::write_atomic(&file, b"new", 0o600).unwrap_err();
    assert!(error.to_string().contains("read-only") && error.to_string().contains("file"), "{error}");
    assert!(files::symlink_atomic(Path::new("other"), &link).is_err());
    assert!(files::new_dir(&disk.path().join("directory"), 0o700).is_err());
    assert!(files::remove(&file).is_err());
    assert_eq!(std::fs::read(&link).unwrap(), b"old");
}

#[test]
fn v34_modes_hold_under_any_umask() {
    // The umask belongs to the process, so each is tried in one of its own.
    if let Ok(umask) = std::env::var("STORE_SUITE_UMASK") {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(u32::from_str_radix(&umask, 8).unwrap()));
        return check_modes();
    }
    for umask in ["000", "022", "077", "777"] {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "files::v34_modes_hold_under_any_umask", "--nocapture"])
            .env("STORE_SUITE_UMASK", umask)
            .status()
            .unwrap();
        assert!(status.success(), "umask {umask}");
    }
}

fn check_modes() {
    let base = TempDir::new().unwrap();
    std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let data = DataDir::open(&base.path().join("data")).unwrap();
    assert_eq!(mode(data.path()), 0o700);
    assert_eq!(mode(&data.path().join("plenum.lock")), 0o600);
    for wanted in [0o600, 0o644, 0o400] {
        let file = data.path().join("file");
        files::write_atomic(&file, b"x", wanted).unwrap();
        assert_eq!(mode(&file), wanted);
    }
    files::new_dir(&data.path().join("public"), 0o755).unwrap();
    assert_eq!(mode(&data.path().join("public")), 0o755);
    let beneath = Beneath::open(data.path()).unwrap();
    beneath.new_dir("private", 0o700).unwrap();
    beneath.write_atomic("private/key", b"x", 0o600).unwrap();
    beneath.create("private/new", b"x", 0o640).unwrap();
    assert_eq!(mode(&data.path().join("private")), 0o700);
    assert_eq!(mode(&data.path().join("private/key")), 0o600);
    assert_eq!(mode(&data.path().join("private/new")), 0o640);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let location = platform::db::Location::parse(None, data.path()).unwrap();
        let db = platform::db::Db::open(&location, platform::clock::system()).await.unwrap();
        let vault = platform::secrets::Vault::load(data.path(), &db).await.unwrap();
        let identity =
            platform::identity::Identity::new(db.clone(), vault.into(), data.path(), Default::default()).unwrap();
        identity.prepare_setup().await.unwrap();
        for name in ["plenum.db", "plenum.db-wal", "plenum.db-shm", "secret.key", "setup.token"] {
            assert_eq!(mode(&data.path().join(name)), 0o600, "{name}");
        }
    });
}

#[test]
fn a_file_never_has_a_wider_mode_than_it_ends_with() {
    // Watches the directory while a secret is replaced again and again.
    let directory = TempDir::new().unwrap();
    let (path, file) = (directory.path().to_owned(), directory.path().join("secret"));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let watcher = std::thread::spawn(move || {
        let mut widest = 0;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            for entry in std::fs::read_dir(&path).unwrap().flatten() {
                widest |= entry.metadata().map_or(0, |metadata| metadata.permissions().mode() & 0o077);
            }
        }
        widest
    });
    for n in 0..200 {
        files::write_atomic(&file, format!("{n}").as_bytes(), 0o600).unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(watcher.join().unwrap(), 0);
    assert_eq!(std::fs::read(&file).unwrap(), b"199");
}

#[test]
fn v16_names_that_could_leave_a_directory_are_refused() {
    for (name, why) in [
        ("", NameError::Reserved),
        (".", NameError::Reserved),
        ("..", NameError::Reserved),
        ("a/b", NameError::Character),
        ("..\\..\\x", NameError::Character),
        ("a\0b", NameError::Character),
        ("a\nb", NameError::Character),
        ("a\u{85}b", NameError::Character),
        (&"x".repeat(256), NameError::TooLong),
    ] {
        assert_eq!(check_name(name), Err(why), "{name:?}");
    }
    for path in ["/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a/./b", "", "a/..", "a\n/b"] {
        assert!(check_path(path).is_err(), "{path:?}");
    }
    for path in ["a", "a/b/c.map", "..a", "a..", ".hidden", "ä ö", "...", "-rf"] {
        assert!(check_path(path).is_ok(), "{path:?}");
    }
}

#[test]
fn v16_nothing_is_read_or_written_outside() {
    let outside = TempDir::new().unwrap();
    std::fs::write(outside.path().join("victim"), "untouched").unwrap();
    let inside = TempDir::new().unwrap();
    let beneath = Beneath::open(inside.path()).unwrap();
    symlink(outside.path(), inside.path().join("door")).unwrap();
    symlink(outside.path().join("victim"), inside.path().join("alias")).unwrap();
    beneath.new_dir("maps", 0o700).unwrap();
    symlink("../door", inside.path().join("maps/up")).unwrap();
    let absolute = outside.path().join("victim").display().to_string();
    for path in ["door/victim", "maps/up/victim", "../victim", "maps/../../x", &absolute] {
        assert!(beneath.write_atomic(path, b"evil", 0o600).is_err(), "{path}");
        assert!(beneath.create(path, b"evil", 0o600).is_err(), "{path}");
        assert!(beneath.read(path, 100).is_err(), "{path}");
        assert!(beneath.remove(path).is_err(), "{path}");
        assert!(beneath.new_dir(path, 0o700).is_err(), "{path}");
    }
    assert!(beneath.read("alias", 100).is_err());
    assert!(beneath.create("alias", b"evil", 0o600).is_err());
    // A link in the file's place is replaced, not followed.
    beneath.write_atomic("alias", b"mine", 0o600).unwrap();
    assert_eq!(beneath.read("alias", 100).unwrap(), b"mine");
    assert_eq!(std::fs::read_to_string(outside.path().join("victim")).unwrap(), "untouched");
    assert_eq!(names(outside.path()), ["victim"]);
}

#[test]
fn v16_a_directory_that_is_swapped_for_a_link_meanwhile_leads_nowhere() {
    let outside = TempDir::new().unwrap();
    let inside = TempDir::new().unwrap();
    let beneath = Beneath::open(inside.path()).unwrap();
    beneath.new_dir("maps", 0o700).unwrap();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = std::sync::Arc::clone(&stop);
    let (root, target) = (inside.path().to_owned(), outside.path().to_owned());
    let swapper = std::thread::spawn(move || {
        symlink(&target, root.join("link")).unwrap();
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            for (from, to) in [("maps", "real"), ("link", "maps"), ("maps", "link"), ("real", "maps")] {
                std::fs::rename(root.join(from), root.join(to)).unwrap();
            }
        }
    });
    let mut written = 0;
    for n in 0..3_000 {
        written += u32::from(beneath.create(&format!("maps/file-{n}"), b"x", 0o600).is_ok());
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    swapper.join().unwrap();
    assert_eq!(names(outside.path()), [""; 0], "after {written} writes");
}

#[test]
fn reading_is_bounded_and_only_for_files() {
    let directory = TempDir::new().unwrap();
    let beneath = Beneath::open(directory.path()).unwrap();
    beneath.create("file", b"12345", 0o600).unwrap();
    assert_eq!(beneath.read("file", 5).unwrap(), b"12345");
    assert!(beneath.read("file", 4).is_err());
    assert!(Command::new("mkfifo").arg(directory.path().join("pipe")).status().unwrap().success());
    assert!(beneath.read("pipe", 100).is_err());
    beneath.new_dir("directory", 0o700).unwrap();
    assert!(beneath.read("directory", 100).is_err());
    beneath.remove("file").unwrap();
    beneath.remove("file").unwrap();
    beneath.sync_dir("").unwrap();
    beneath.sync_dir("directory").unwrap();
}

#[test]
fn links_and_renames_replace_in_one_step() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    files::symlink_atomic(Path::new("one"), &at("current")).unwrap();
    files::symlink_atomic(Path::new("two"), &at("current")).unwrap();
    assert_eq!(std::fs::read_link(at("current")).unwrap(), Path::new("two"));
    files::write_atomic(&at("a"), b"a", 0o600).unwrap();
    files::write_atomic(&at("b"), b"b", 0o600).unwrap();
    files::rename(&at("a"), &at("b")).unwrap();
    assert_eq!(std::fs::read(at("b")).unwrap(), b"a");
    files::ensure_dir(&at("directory"), 0o700).unwrap();
    files::ensure_dir(&at("directory"), 0o700).unwrap();
    assert!(files::new_dir(&at("directory"), 0o700).is_err());
    assert!(files::ensure_dir(&at("b"), 0o700).is_err());
    assert_eq!(names(directory.path()), ["b", "current", "directory"]);
}

#[test]
fn f18_a_second_daemon_is_refused_and_told_about_the_first() {
    let base = TempDir::new().unwrap();
    let path = base.path().join("data");
    let first = DataDir::open(&path).unwrap();
    let error = DataDir::open(&path).unwrap_err();
    assert!(matches!(error, DataDirError::InUse { .. }));
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("--data-dir"), "{text}");
    // By another name, too.
    symlink(&path, base.path().join("alias")).unwrap();
    assert!(matches!(DataDir::open(&base.path().join("alias")), Err(DataDirError::InUse { .. })));
    drop(first);
    DataDir::open(&path).unwrap();
}

#[test]
fn f18_one_database_serves_one_daemon_whatever_its_data_directory() {
    let base = TempDir::new().unwrap();
    let file = base.path().join("shared.db");
    let first = DatabaseLock::of(&file).unwrap();
    let text = DatabaseLock::of(&file).unwrap_err().to_string();
    assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("database.url"), "{text}");
    // By another name, too.
    std::fs::write(&file, "").unwrap();
    symlink(&file, base.path().join("alias.db")).unwrap();
    let refused = DatabaseLock::of(&base.path().join("alias.db"));
    assert!(matches!(refused, Err(DataDirError::DatabaseInUse { .. })));
    drop(first);
    DatabaseLock::of(&file).unwrap();
}

#[test]
fn f18_a_killed_daemon_does_not_block_its_successor() {
    let base = TempDir::new().unwrap();
    let path = base.path().join("data");
    drop(DataDir::open(&path).unwrap());
    let lock = path.join("plenum.lock");
    let mut holder = Command::new("flock").arg("--no-fork").arg(&lock).args(["sleep", "60"]).spawn().unwrap();
    let refused = || matches!(DataDir::open(&path), Err(DataDirError::InUse { .. }));
    for _ in 0..200 {
        if refused() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(refused());
    holder.kill().unwrap();
    holder.wait().unwrap();
    DataDir::open(&path).unwrap();
}
