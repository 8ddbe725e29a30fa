//! Garage, a replicated object store as people run it: three nodes on loopback, each object on all of them.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::bootstrap::s3::Keys;
use crate::port::Port;
use crate::process::{self, Process};
use crate::{tools, wait};

/// A running cluster with an empty bucket, stopped when dropped.
#[derive(Debug)]
pub struct Garage {
    nodes: Vec<Node>,
    keys: Keys,
    _scratch: TempDir,
}

#[derive(Debug)]
struct Node {
    conf: PathBuf,
    s3: Port,
    process: Option<Process>,
    _rpc: Port,
}

impl Garage {
    /// The bucket.
    pub const BUCKET: &str = "modules";

    /// Starts one.
    ///
    /// # Panics
    /// When a node does not start, or the cluster does not come together.
    #[must_use]
    pub fn start() -> Self {
        let scratch = tempfile::Builder::new().prefix("modgate-garage-").tempdir().expect("a temporary folder");
        let nodes: Vec<Node> = (0..3).map(|n| Node::start(&scratch.path().join(n.to_string()))).collect();
        let names: Vec<String> = nodes.iter().map(Node::name).collect();
        let first = &nodes[0];
        for name in &names[1..] {
            first.ask(&["node", "connect", name]);
        }
        wait::until("the nodes find each other", Duration::from_secs(30), || {
            first.try_ask(&["status"]).is_ok_and(|text| text.matches("127.0.0.1:").count() >= 3)
        });
        for (n, name) in names.iter().enumerate() {
            let id = name.split('@').next().unwrap_or_default();
            first.ask(&["layout", "assign", "-z", &format!("z{n}"), "-c", "1G", id]);
        }
        first.ask(&["layout", "apply", "--version", "1"]);
        wait::until("a bucket", Duration::from_secs(30), || {
            first.try_ask(&["bucket", "create", Self::BUCKET]).is_ok()
        });
        let key = first.ask(&["key", "create", "modgate"]);
        let field = |name: &str| {
            let line = key.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {key}")).trim().to_owned()
        };
        let keys =
            Keys { region: REGION.to_owned(), id: field("Key ID:"), secret: field("Secret key:") };
        first.ask(&["bucket", "allow", "--read", "--write", Self::BUCKET, "--key", &keys.id]);
        Self { nodes, keys, _scratch: scratch }
    }

    /// Where the nodes serve S3.
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.s3.addr()).collect()
    }

    /// The key that may read and write the bucket.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Ends a node without notice.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].process = None;
    }
}

impl Node {
    fn start(dir: &Path) -> Self {
        fs::create_dir_all(dir).expect("a folder for the node");
        let (conf, s3, rpc) = (dir.join("garage.toml"), Port::reserve(), Port::reserve());
        let text = format!(
            r#"metadata_dir = "{dir}/meta"
data_dir = "{dir}/data"
db_engine = "lmdb"
replication_factor = 3
rpc_secret = "{SECRET}"
rpc_bind_addr = "{rpc}"
rpc_public_addr = "{rpc}"

[s3_api]
s3_region = "{REGION}"
api_bind_addr = "{s3}"
"#,
            dir = dir.display(),
            rpc = rpc.addr(),
            s3 = s3.addr(),
        );
        fs::write(&conf, text).expect("the node's configuration");
        let mut command = command(&conf);
        command.arg("server");
        let process = Process::start("garage", command, &conf.with_extension("log")).expect("garage starts");
        Self { conf, s3, process: Some(process), _rpc: rpc }
    }

    /// `KEY@ADDRESS`; it makes its key when it starts.
    fn name(&self) -> String {
        let mut said = String::new();
        let name = wait::poll(Duration::from_secs(30), || {
            self.try_ask(&["node", "id", "-q"]).map_err(|error| said = error).ok()
        });
        name.unwrap_or_else(|| panic!("garage does not start: {said}"))
    }

    #[track_caller]
    fn ask(&self, arguments: &[&str]) -> String {
        self.try_ask(arguments).unwrap_or_else(|said| panic!("garage {arguments:?}: {said}"))
    }

    /// What the command prints; else what it says against it.
    fn try_ask(&self, arguments: &[&str]) -> Result<String, String> {
        let output = command(&self.conf).args(arguments).output().map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

}

fn command(conf: &Path) -> Command {
    let mut command = process::command(&tools::garage());
    command.arg("-c").arg(conf);
    command
}

const REGION: &str = "garage";
/// 32 bytes in hex, as Garage wants it; the nodes are on loopback.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
