//! The systemd unit of a program (systemd.service(5), systemd.exec(5)).

use super::made::Made;
use crate::cli::Package;
use crate::session::Session;

/// What the service does not need, whatever the program is. `ProtectSystem` and `ProtectKernelTunables` make files read-only; those that a
/// program may write are listed behind them.
const HARDENING: &str = "\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET
UMask=0077
";

/// Calls of programs and of the runtime besides those of every service.
const CALLS: &str = "@system-service bpf perf_event_open";

/// The text of `NAME.service`.
pub fn text(cx: &Session, args: &Package, made: &Made) -> String {
    let (program, pins) = (format!("/usr/sbin/{}", made.name), &cx.options.pin_root);
    let arguments: String = args.arguments.iter().map(|word| format!(" {}", quoted(word))).collect();
    let options = " $OPTIONS";
    let needs = made.capabilities();
    let listed: Vec<String> = needs.iter().map(|capability| format!("CAP_{capability}")).collect();
    let mut unit =
        format!("[Unit]\nDescription={}\nDocumentation=man:{}(8)\n", made.summary().replace('%', "%%"), made.name);
    if made.types_need("NET_ADMIN") {
        unit += "Wants=network-online.target\nAfter=network-online.target\n";
    }
    let replaces = made.has_option("--replace");
    // A program that goes to the background says when it is ready, and pins its links; another is told to.
    let (kind, pin) = match made.is_daemon {
        true => ("notify\nNotifyAccess=exec", ""),
        false if replaces => ("exec", " --pin-links"),
        false => ("exec", ""),
    };
    unit += &format!("\n[Service]\nType={kind}\nEnvironmentFile=-/etc/default/{}\n", made.name);
    unit += &format!("ExecStart={program}{arguments}{pin}{options}\n");
    if replaces && made.is_daemon {
        unit += &format!("ExecReload={program}{arguments} --replace{options}\n");
    }
    unit += "Restart=on-failure\nRestartSec=2\n";
    let folders = ["State", "Logs", "Runtime"];
    unit += &folders.map(|folder| format!("{folder}Directory={}\n", made.name)).concat();
    unit += &format!("CapabilityBoundingSet={}\n", listed.join(" "));
    unit += HARDENING;
    unit += &format!("ProtectKernelModules={}\n", if made.loads_module { "no" } else { "yes" });
    let calls = if made.loads_module { format!("{CALLS} @module") } else { CALLS.to_owned() };
    unit += &format!("SystemCallFilter={calls}\nReadWritePaths=-{pins} -/sys/kernel/tracing\n");
    unit + "\n[Install]\nWantedBy=multi-user.target\n"
}

/// An argument as one word of a command line in a unit (systemd.service(5), "Command lines").
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    let doubled = word.replace('%', "%%").replace('$', "$$");
    if !word.is_empty() && word.chars().all(plain) {
        return doubled;
    }
    format!("\"{}\"", doubled.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
