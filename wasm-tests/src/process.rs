//! Child processes that do not outlive the harness.
//!
//! Every child is started by one thread that lives as long as the process: the parent-death signal of Linux counts the
//! *thread* that forked as the parent, and the Envoy we use asks for that signal. `setpriv` asks for it on behalf of every
//! other program, so that even a killed test run leaves nothing behind.

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::wait;

pub mod family;
pub mod usage;

/// A running child, stopped on drop. Its output goes to a file.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: u32,
    child: Arc<Mutex<Child>>,
    log: PathBuf,
}

impl Process {
    /// Starts `command` (from [`command`]) with both outputs appended to `log`.
    ///
    /// # Errors
    /// When it cannot be executed, or [`stop_all`] was called.
    pub fn start(name: &str, mut command: Command, log: &Path) -> io::Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let err = out.try_clone()?;
        command.stdout(out).stderr(err);
        Self::start_with_outputs(name, command, log)
    }

    /// As [`Process::start`], with outputs that the command already names; `log` is the one that explains a failure.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn start_with_outputs(name: &str, mut command: Command, log: &Path) -> io::Result<Self> {
        // A group of its own: a Ctrl-C in the terminal reaches us alone, and we end the children in order.
        command.stdin(Stdio::null()).process_group(0);
        let (reply, answer) = mpsc::channel();
        lock(&KEEPER.requests).send(Request(command, reply)).map_err(io::Error::other)?;
        let child = answer.recv().map_err(io::Error::other)??;
        let pid = lock(&child).id();
        Ok(Self { name: name.to_owned(), pid, child, log: log.to_owned() })
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        lock(&self.child).try_wait().ok().flatten()
    }

    /// Waits for its end, at most `limit`.
    #[must_use]
    pub fn wait(&self, limit: Duration) -> Option<ExitStatus> {
        wait::poll(limit, || self.exited())
    }

    /// Sends it SIGTERM, and SIGKILL to its whole group if that does not end it.
    pub fn stop(&self) {
        stop(&self.child);
    }

    /// Memory and CPU time right now.
    #[must_use]
    pub fn usage(&self) -> Option<usage::Usage> {
        usage::of(self.pid)
    }

    /// Everything it has written.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The file it writes to.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// The last `lines` lines it has written.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        let text = self.log();
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the end of {}'s log ---\n{}\n---", self.name, self.log_tail(60));
        }
        self.stop();
    }
}

/// A command for [`Process::start`] that ends when the harness does.
#[must_use]
pub fn command(program: &Path) -> Command {
    let Some(setpriv) = SETPRIV.as_ref() else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}

/// Stops every child and lets no other be started: for the end of the process.
pub fn stop_all() {
    let children = {
        let mut registry = lock(&KEEPER.children);
        registry.closed = true;
        std::mem::take(&mut registry.running)
    };
    // In the order opposite to the start: the gateway before what it depends on.
    for child in children.iter().rev() {
        stop(child);
    }
}

struct Keeper {
    requests: Mutex<Sender<Request>>,
    children: Arc<Mutex<Registry>>,
}

#[derive(Default)]
struct Registry {
    closed: bool,
    running: Vec<Arc<Mutex<Child>>>,
}

struct Request(Command, Sender<io::Result<Arc<Mutex<Child>>>>);

static KEEPER: LazyLock<Keeper> = LazyLock::new(|| {
    // A shell's usual 1,024 are too few for a thousand clients, here and in the children, which inherit the limit. Where
    // it cannot be raised, they fail and say so.
    if let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, now.max(most.min(FILES)), most);
    }
    let (requests, inbox) = mpsc::channel::<Request>();
    let children = Arc::new(Mutex::new(Registry::default()));
    let registry = Arc::clone(&children);
    thread::spawn(move || {
        for Request(command, reply) in inbox {
            // The caller may be gone; then the child must not stay.
            if let Err(mpsc::SendError(Ok(child))) = reply.send(spawn(&registry, command)) {
                stop(&child);
            }
        }
    });
    Keeper { requests: Mutex::new(requests), children }
});

fn spawn(registry: &Mutex<Registry>, mut command: Command) -> io::Result<Arc<Mutex<Child>>> {
    // Held across the spawn: a child is either seen by `stop_all` or never started.
    let mut registry = lock(registry);
    if registry.closed {
        return Err(io::Error::other("stopping"));
    }
    let child = Arc::new(Mutex::new(command.spawn()?));
    registry.running.retain(|child| matches!(lock(child).try_wait(), Ok(None)));
    registry.running.push(Arc::clone(&child));
    Ok(child)
}

fn stop(child: &Mutex<Child>) {
    // The lock is held: a pid is signalled only while nobody has reaped it.
    let mut child = lock(child);
    let pid = Pid::from_raw(child.id().cast_signed());
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    let _ = kill(pid, Signal::SIGTERM);
    if wait::poll(Duration::from_secs(5), || child.try_wait().ok().flatten()).is_none() {
        let _ = killpg(pid, Signal::SIGKILL);
        let _ = child.wait();
    }
}

/// A panicking test must not keep others, or its own clean-up, from a lock.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Open files of a process: enough for every suite, and no more, since nginx may keep a table of as many as it may have.
const FILES: u64 = 20_000;

/// Part of util-linux; where it is missing, only an orderly end of the harness stops the children.
static SETPRIV: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    env::split_paths(&env::var_os("PATH")?).map(|dir| dir.join("setpriv")).find(|file| file.is_file())
});
