//! Runs commands on a host: to their end, fed from a stream, or spoken with line by line.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command as Process};
use tokio::sync::mpsc;

use super::command::Command;
use super::error::{Error, Said};
use super::ssh::{Role, sockets};
use super::{Host, Reach};

/// What `ssh` ends with where it is ssh that failed. Our scripts never do.
const SSH_FAILED: i32 = 255;
/// How long output is waited for after a command has ended: what it left running may keep it open.
const LINGER: Duration = Duration::from_millis(500);
/// Bytes that are kept of what a command prints; the rest is read and dropped.
const KEPT: usize = 1 << 26;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// As shells count: 128 and the signal, if it was killed.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where the bytes of a stream are given to the command that reads them.
pub(crate) type Feed = mpsc::Sender<Bytes>;

impl Host {
    /// Makes the connection; here there is nothing to make.
    pub(crate) async fn connect(&self) -> Result<(), Error> {
        let Reach::Ssh(link) = &self.reach else { return Ok(()) };
        let mut ssh = Process::new("ssh");
        ssh.args(link.options(&sockets()?, Role::First));
        ssh.args(["--", &link.destination, "exit 0"]).kill_on_drop(true);
        ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = started(&mut ssh, "ssh")?;
        let (output, ()) = self.attend(child, async |_| ()).await?;
        self.reached(output).map(|_| ())
    }

    /// Ends the connection, if there is one. That it had ended already is no matter.
    pub(crate) async fn disconnect(&self) {
        let Reach::Ssh(link) = &self.reach else { return };
        let Ok(sockets) = sockets() else { return };
        let mut ssh = Process::new("ssh");
        ssh.args(link.options(&sockets, Role::Further)).args(["-O", "exit", "--"]);
        ssh.arg(&link.destination).stdin(Stdio::null()).stdout(Stdio::null());
        let _ = ssh.stderr(Stdio::null()).status().await;
    }

    /// Runs it to its end; that it ended with another code than 0 is no error here.
    pub(crate) async fn run(&self, command: &Command) -> Result<Output, Error> {
        let child = self.spawn(command)?;
        let text = command.input.as_ref().map_or("", |input| input.expose());
        let write = async |stdin: Option<ChildStdin>| {
            let Some(mut stdin) = stdin else { return };
            // A command that does not read all of it says why by its code.
            let _ = stdin.write_all(text.as_bytes()).await;
        };
        let (output, ()) = self.attend(child, write).await?;
        self.reached(output)
    }

    /// Runs it with what `writer` gives, from a thread of its own, as its standard input.
    pub(crate) async fn feed<T: Send + 'static>(
        &self,
        command: &Command,
        writer: impl FnOnce(Feed) -> T + Send + 'static,
    ) -> Result<(Output, T), Error> {
        let child = self.spawn(command)?;
        let (feed, mut chunks) = mpsc::channel::<Bytes>(16);
        let writing = tokio::task::spawn_blocking(move || writer(feed));
        let write = async |stdin: Option<ChildStdin>| {
            if let Some(mut stdin) = stdin {
                while let Some(chunk) = chunks.recv().await {
                    if stdin.write_all(&chunk).await.is_err() {
                        break;
                    }
                }
            }
            drop(chunks);
            writing.await
        };
        let (output, written) = self.attend(child, write).await?;
        let written = written.map_err(|error| self.lost(io::Error::other(error)))?;
        Ok((self.reached(output)?, written))
    }

    /// Starts a command that we speak with. When this process dies, however it dies, the command
    /// reads the end of its input.
    pub(crate) fn start(&self, command: &Command) -> Result<Session, Error> {
        let mut child = self.spawn(command)?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(|pipe| BufReader::new(pipe).lines());
        Ok(Session { host: self.clone(), child, stdin, stdout })
    }

    /// A child whose standard input and output are a connection to `to`, as this host sees it.
    pub(super) fn tunnel(&self, to: &str) -> Result<Option<Child>, Error> {
        let Reach::Ssh(link) = &self.reach else { return Ok(None) };
        let mut ssh = Process::new("ssh");
        ssh.args(["-W", to, "-o", "ClearAllForwardings=no"]);
        ssh.args(link.options(&sockets()?, Role::Further)).args(["--", &link.destination]);
        started(own(&mut ssh).kill_on_drop(true), "ssh").map(Some)
    }

    fn spawn(&self, command: &Command) -> Result<Child, Error> {
        match &self.reach {
            Reach::Here => {
                let mut sh = Process::new("sh");
                sh.args(["-c", command.script, "nirvana"]).args(&command.arguments);
                started(own(&mut sh), "sh")
            }
            Reach::Ssh(link) => {
                let mut ssh = Process::new("ssh");
                ssh.args(link.options(&sockets()?, Role::Further));
                ssh.args(["--", &link.destination, &command.line()]);
                started(own(&mut ssh), "ssh")
            }
        }
    }

    /// Writes and reads at once, until the child has ended.
    async fn attend<T>(
        &self,
        mut child: Child,
        write: impl AsyncFnOnce(Option<ChildStdin>) -> T,
    ) -> Result<(Output, T), Error> {
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let (written, status) = {
            let read = async { tokio::join!(drain(stdout, &mut out), drain(stderr, &mut err)) };
            let end = async { (write(stdin).await, child.wait().await) };
            tokio::pin!(read, end);
            tokio::select! {
                ended = &mut end => {
                    let _ = tokio::time::timeout(LINGER, &mut read).await;
                    ended
                }
                _ = &mut read => end.await,
            }
        };
        let code = code(status.map_err(|source| self.lost(source))?);
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok((Output { code, stdout: text(out), stderr: text(err) }, written))
    }

    fn reached(&self, output: Output) -> Result<Output, Error> {
        match self.reach {
            Reach::Ssh(_) if output.code == SSH_FAILED => Err(self.unreachable(&output.stderr)),
            _ => Ok(output),
        }
    }

    fn unreachable(&self, said: &str) -> Error {
        let source = Said(said.trim().to_owned());
        Error::Unreachable { host: self.name.clone(), source }
    }

    fn lost(&self, source: io::Error) -> Error {
        Error::Lost { host: self.name.clone(), source }
    }
}

/// A command that we speak with. Dropped, it is not killed: it reads the end of its input.
#[derive(Debug)]
pub(crate) struct Session {
    host: Host,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<Lines<BufReader<ChildStdout>>>,
}

impl Session {
    /// The next line that it prints; none if it has ended.
    pub(crate) async fn line(&mut self) -> Result<Option<String>, Error> {
        let Some(stdout) = &mut self.stdout else { return Ok(None) };
        stdout.next_line().await.map_err(|source| self.host.lost(source))
    }

    /// Whether the command still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) async fn say(&mut self, line: &str) -> Result<(), Error> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        let said = async {
            stdin.write_all(format!("{line}\n").as_bytes()).await?;
            stdin.flush().await
        };
        said.await.map_err(|source| self.host.lost(source))
    }

    /// Lets it read the end of its input, and waits for what it says and for its end.
    pub(crate) async fn end(mut self) -> Result<Output, Error> {
        drop(self.stdin.take());
        let mut stdout = String::new();
        while let Some(line) = self.line().await? {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let mut said = Vec::new();
        let stderr = self.child.stderr.take();
        let read = drain(stderr, &mut said);
        let _ = tokio::time::timeout(LINGER, read).await;
        let status = self.child.wait().await.map_err(|source| self.host.lost(source))?;
        let stderr = String::from_utf8_lossy(&said).into_owned();
        self.host.reached(Output { code: code(status), stdout, stderr })
    }
}

fn started(process: &mut Process, program: &str) -> Result<Child, Error> {
    process.spawn().map_err(|source| Error::Start { program: program.to_owned(), source })
}

/// In a group of processes of its own: Ctrl-C at the terminal is for us to hear, not for it.
fn own(process: &mut Process) -> &mut Process {
    process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.process_group(0)
}

/// Reads all, keeps the first part. What is no longer there to be read is no loss.
async fn drain(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let room = KEPT.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&buffer[..room]);
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::host::{Command, Host};
    use crate::secret::Secret;

    fn here() -> Host {
        Host::parse("local", None).unwrap()
    }

    #[tokio::test]
    async fn a_command_gets_its_arguments_and_its_input_and_tells_how_it_ended() {
        let command = Command::new("cat; printf '%s' \"$1\" >&2; exit 7").arg("it's");
        let output = here().run(&command.input(Secret::new("in"))).await.unwrap();
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (7, "in", "it's"));
        let killed = here().run(&Command::new("kill -9 $$")).await.unwrap();
        assert_eq!(killed.code, 137);
    }

    #[tokio::test]
    async fn what_a_command_leaves_running_is_not_waited_for() {
        let output = here().run(&Command::new("sleep 60 & echo $!")).await.unwrap();
        here().run(&Command::new("kill $1").arg(output.stdout.trim())).await.unwrap();
    }

    #[tokio::test]
    async fn a_stream_of_any_length_arrives_and_one_that_nobody_reads_ends() {
        let writer = |feed: super::Feed| {
            let sent = (0..1_000)
                .filter(|_| feed.blocking_send(Bytes::from_static(&[b'x'; 10_000])).is_ok());
            sent.count()
        };
        let (output, sent) = here().feed(&Command::new("wc -c"), writer).await.unwrap();
        assert_eq!((output.stdout.trim(), sent), ("10000000", 1_000));
        let (output, sent) = here().feed(&Command::new("exec <&-; exit 3"), writer).await.unwrap();
        assert!(output.code == 3 && sent < 1_000, "{sent}");
    }

    #[tokio::test]
    async fn a_session_hears_the_end_of_its_input() {
        let script = Command::new("while read -r line; do echo \"<$line>\"; done; echo over");
        let mut session = here().start(&script).unwrap();
        session.say("a").await.unwrap();
        assert_eq!(session.line().await.unwrap().as_deref(), Some("<a>"));
        assert_eq!(session.end().await.unwrap().stdout, "over\n");
    }
}
