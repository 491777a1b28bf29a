//! The commit that an optimised compiler is built from, for `ksc --version`.

use std::process::Command;

/// Sets `KSC_COMMIT` if it can be known: a source archive has none. A compiler for daily work does without, since every commit
/// would compile it again.
pub fn name() {
    println!("cargo:rerun-if-env-changed=KSC_COMMIT");
    if std::env::var_os("KSC_COMMIT").is_some() || std::env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    // A folder inside of another project's repository is not that project's commit.
    if git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix.is_empty())
        && let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"])
    {
        println!("cargo:rustc-env=KSC_COMMIT={commit}");
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
