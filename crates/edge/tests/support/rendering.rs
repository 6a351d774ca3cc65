//! Documents rendered for the HAProxy programs of this machine, and those programs' opinion of the result.

#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "these tests play the part of the daemon that writes generations")]

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use haproxy::{Features, Version};
use plenum_edge::render::{Rendered, Target, Vrrp};
use plenum_edge::state::{Document, Issue, ReadError, read};
use serde_json::Value;
use testkit::haproxy::Installed;

/// Where the golden pairs and the files that they refer to are.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// A valid document.
pub(crate) fn document(value: &Value) -> Document {
    match try_document(value) {
        Ok(document) => document,
        Err(issues) => panic!("{}\n{value:#}", listed(&issues)),
    }
}

pub(crate) fn try_document(value: &Value) -> Result<Document, Vec<Issue>> {
    match read(value.to_string().as_bytes(), None) {
        Ok(document) => Ok(document),
        Err(ReadError::Issues(issues)) => Err(issues),
        Err(error) => panic!("{error}"),
    }
}

/// Issues as text, one a line.
pub(crate) fn listed(issues: &[Issue]) -> String {
    issues.iter().map(|issue| format!("{}: {}\n", issue.pointer(), issue.message)).collect()
}

/// The target of a golden document: an HAProxy 2.6 as Debian builds it, changed by the document's `x-target`.
pub(crate) fn described(document: &Value) -> Target {
    let wish = &document["x-target"];
    let version = wish["version"].as_str().unwrap_or("2.6.12");
    let built = ["OPENSSL", "LUA", "PROMEX", "SLZ", "NS", "TFO", "THREAD"];
    let features = built.into_iter().chain(wished_features(document)).fold(Features::default(), Features::with);
    let target = Target::new(Version::parse(version).unwrap(), features, "/run/plenum/admin.sock");
    wished(target, document)
}

/// What the HAProxy of a golden document was built with beyond the usual.
pub(crate) fn wished_features(document: &Value) -> impl Iterator<Item = &str> {
    texts(&document["x-target"]["features"])
}

/// The target that an installed HAProxy is.
pub(crate) fn installed(program: &Installed, document: &Value) -> Target {
    let output = Command::new(&program.path).arg("-vv").env_clear().output().unwrap();
    let features = Features::parse(&String::from_utf8(output.stdout).unwrap());
    let target = Target::new(Version::parse(&program.version).unwrap(), features, "/run/plenum/admin.sock");
    wished(target, document)
}

fn wished(mut target: Target, document: &Value) -> Target {
    let wish = &document["x-target"];
    let text = |key: &str| wish[key].as_str().map(str::to_owned);
    // Not every program at hand knows where the system keeps its authorities.
    target.system_ca = "/etc/ssl/certs/ca-certificates.crt".to_owned();
    target.certificates = texts(&wish["certificates"]).map(str::to_owned).collect();
    target.node = text("node");
    target.user = text("user");
    target.group = text("group");
    target.ca_base = text("caBase");
    target.crt_base = text("crtBase");
    target.sockets.group = text("socketGroup");
    if let Some(nodes) = wish["vrrp"].as_object() {
        target.vrrp = nodes
            .iter()
            .map(|(id, part)| {
                let part = Vrrp {
                    interface: part["interface"].as_str().unwrap().to_owned(),
                    master: part["master"].as_bool().unwrap(),
                    priority: part["priority"].as_u64().unwrap().try_into().unwrap(),
                };
                (id.clone(), part)
            })
            .collect::<BTreeMap<_, _>>();
    }
    target
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Directories with everything that documents of tests refer to, and generations in them.
pub(crate) struct Workplace {
    dir: tempfile::TempDir,
}

impl Workplace {
    /// Makes a certificate and copies the golden files.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let pantry = dir.path().join("pantry");
        copy(&golden().join("files"), &pantry);
        let script = "set -e\n\
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out crt.pem -subj /CN=test.example.com -days 2\n\
            cat crt.pem key.pem > cert.pem\n\
            mkdir -p trusted-cas trusted-crls 'certs dir' keys\n\
            cp crt.pem 'certs dir/a.pem'; cp key.pem keys/a.key; cp cert.pem 'certs dir/b.pem'\n\
            : > index.txt; echo 01 > crlnumber\n\
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\ncrlnumber=crlnumber\\ndefault_md=sha256\\ndefault_crl_days=2\\n' > ca.cnf\n\
            openssl ca -gencrl -config ca.cnf -keyfile key.pem -cert crt.pem -out crl.pem\n";
        let output = Command::new("sh").args(["-c", script]).current_dir(&pantry).output().unwrap();
        assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        Self { dir }
    }

    fn pantry(&self) -> PathBuf {
        self.dir.path().join("pantry")
    }

    /// Writes a generation as the daemon would; its directory also has what the document refers to.
    fn write(&self, rendered: &Rendered, document: &Document) -> PathBuf {
        let place = self.dir.path().join("generation");
        if place.exists() {
            std::fs::remove_dir_all(&place).unwrap();
        }
        copy_links(&self.pantry(), &place);
        for ca in &document.trusted_cas {
            std::fs::copy(place.join("crt.pem"), place.join(format!("trusted-cas/{}.pem", ca.id))).unwrap();
        }
        for crl in &document.trusted_crls {
            std::fs::copy(place.join("crl.pem"), place.join(format!("trusted-crls/{}.pem", crl.id))).unwrap();
        }
        for (name, file) in &rendered.files {
            let path = place.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &file.bytes).unwrap();
        }
        std::fs::write(place.join("haproxy.cfg"), &rendered.cfg).unwrap();
        place
    }

    /// What `haproxy -c` says: nothing, or why it refuses. Warnings come along.
    pub(crate) fn check(
        &self,
        program: &Installed,
        rendered: &Rendered,
        document: &Document,
    ) -> Result<String, String> {
        let place = self.write(rendered, document);
        let output = Command::new(&program.path)
            .args(["-c", "-f"])
            .arg(place.join("haproxy.cfg"))
            .env_clear()
            .current_dir("/")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // A configuration without a proxy is valid and has nothing to listen on, which is what 2 says.
        if matches!(output.status.code(), Some(0 | 2)) { Ok(said) } else { Err(said) }
    }

    /// What `keepalived -t` says.
    pub(crate) fn check_keepalived(&self, text: &str) -> Result<(), String> {
        let path = self.dir.path().join("keepalived.conf");
        // keepalived wants to see the interface, and takes no loopback.
        let interfaces = std::fs::read_dir("/sys/class/net").unwrap();
        let names = interfaces.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let here = names.filter(|name| name != "lo").min().unwrap_or_else(|| "eth0".to_owned());
        std::fs::write(&path, text.replace("interface eth0", &format!("interface {here}"))).unwrap();
        let output = Command::new("keepalived").arg("-t").arg("-f").arg(&path).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to)
        } else {
            drop(std::fs::copy(entry.path(), to))
        }
    }
}

fn copy_links(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_links(&entry.path(), &to)
        } else {
            symlink(entry.path(), to).unwrap()
        }
    }
}
