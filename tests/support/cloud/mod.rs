//! Servers on the loopback address for tests of reading objects: a web server that can be told to be faulty, and S3.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{python, stdout, succeed};

/// A server, until it is dropped.
pub struct Server {
    child: Child,
    pub ports: Vec<u16>,
}

impl Server {
    /// A web server of the files in a folder; `settings` are those of `server.py`.
    pub fn of(folder: &Path, settings: &[&str]) -> Self {
        let mut command = python();
        command
            .arg("tests/support/cloud/server.py")
            .arg(folder)
            .args(settings);
        Self::start(&mut command)
    }

    /// S3, as moto has it, with the files of a folder in the bucket `granules`.
    pub fn s3(folder: &Path) -> Self {
        let mut command = python();
        command.arg("tests/support/cloud/s3.py").arg(folder);
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ports = line
            .split_whitespace()
            .map(|port| port.parse().unwrap())
            .collect();
        Self { child, ports }
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.ports[0])
    }

    /// What it was asked for.
    pub fn count(&self) -> Value {
        let mut command = python();
        let code = "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())";
        command.args(["-c", code, &self.url("_count")]);
        serde_json::from_str(&stdout(&succeed(&mut command))).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
