//! `--deb`: a package of Debian (deb(5), deb-control(5)).

use super::archive::{self, Entry};
use super::made::Made;
use super::unit;
use crate::cli::Package;
use crate::session::Session;
use crate::tool::doc;

/// The package. None: it failed and was reported.
pub fn package(cx: &mut Session, args: &Package, made: &Made) -> Option<Vec<u8>> {
    let executable = made.executable.as_ref()?;
    let (name, share) = (&made.name, format!("./usr/share/doc/{}", made.name));
    let copyright = format!("{}: licence {}\n", made.page.name, made.page.license);
    let mut files = vec![
        Entry::file(&format!("./lib/systemd/system/{name}.service"), unit::text(cx, args, made)),
        Entry::executable(&format!("./usr/sbin/{name}"), executable.clone()),
        Entry::file(&format!("{share}/copyright"), copyright),
        Entry::file(&format!("./usr/share/man/man8/{name}.8.gz"), archive::gzip(doc::man_page(&made.page).as_bytes())),
    ];
    let size: usize = files.iter().map(|file| file.bytes.len()).sum();
    // Folders come before what is in them.
    let mut folders: Vec<String> = files.iter().flat_map(|file| parents(&file.path)).collect();
    folders.sort();
    folders.dedup();
    files.extend(folders.iter().map(|folder| Entry::folder(folder)));
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let control = [
        Entry::folder("./"),
        Entry::file("./control", control(cx, args, made, size.div_ceil(1024))),
        Entry::executable("./postinst", script(POSTINST, name)),
        Entry::executable("./postrm", script(POSTRM, name)),
        Entry::executable("./prerm", script(PRERM, name)),
    ];
    let members = [
        ("debian-binary", b"2.0\n".to_vec()),
        ("control.tar.gz", archive::gzip(&archive::tar(&control))),
        ("data.tar.gz", archive::gzip(&archive::tar(&files))),
    ];
    let mut bytes = b"!<arch>\n".to_vec();
    for (name, content) in members {
        bytes.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", archive::date(), 0, 0, "100644", content.len())
                .into_bytes(),
        );
        bytes.extend(&content);
        // Members begin at even offsets.
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
    }
    Some(bytes)
}

fn parents(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..=at].to_owned()).collect()
}

fn control(cx: &Session, args: &Package, made: &Made, kibibytes: usize) -> String {
    let about =
        if made.page.doc.is_empty() { made.page.usage.as_ref().map_or("", |usage| &usage.doc) } else { &made.page.doc };
    let rest: String = about
        .lines()
        .skip_while(|line| line.trim().is_empty())
        .skip(1)
        .map(|line| if line.trim().is_empty() { " .\n".to_owned() } else { format!(" {line}\n") })
        .collect();
    format!(
        "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: {}\nInstalled-Size: {kibibytes}\nSection: net\nPriority: optional\n\
         Description: {}\n{rest}",
        made.name,
        args.release,
        cx.options.machine.package,
        args.maintainer,
        made.summary(),
    )
}

/// The unit is not started by the installation; one that runs goes over to the new executable, without a gap if the unit can reload.
const POSTINST: &str = "if [ \"$1\" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    if [ -n \"$2\" ]; then systemctl try-reload-or-restart NAME.service; fi
fi
";
const PRERM: &str =
    "if [ \"$1\" = remove ] && [ -d /run/systemd/system ]; then systemctl disable --now NAME.service; fi\n";
const POSTRM: &str = "if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi\n";

fn script(text: &str, name: &str) -> String {
    format!("#!/bin/sh\nset -e\n{}", text.replace("NAME", name))
}
