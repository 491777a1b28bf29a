//! `--oci`: a layout of images (image-layout.md, config.md and manifest.md of OCI's image-spec 1.1).
//!
//! bpfman takes an image with one layer, an archive compressed by gzip whose first file is the object; the labels are those that its `image
//! build` writes (bpfman/src/bin/cli/image.rs), and for an object with one program those of its shipping-bytecode.md too.

use super::archive::{self, Entry};
use super::made::Made;
use crate::cli::Package;
use crate::link::output::Output;
use crate::session::Session;
use serde_json::{Map, Value, json};
use std::path::Path;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The tag of the image with the BPF object in the layout; in manifests of Kubernetes the image's name ends with it.
pub const BYTECODE: &str = "bytecode";
/// The same of the image with the executable.
pub const EXECUTABLE: &str = "exe";

/// An image before it is written.
struct Image {
    tag: &'static str,
    entries: Vec<Entry>,
    labels: Map<String, Value>,
    entry_point: Option<String>,
}

/// The files of the layout. None: it failed and was reported.
pub fn layout(cx: &mut Session, folder: &Path, args: &Package, made: &Made) -> Option<Vec<Output>> {
    let mut images = Vec::new();
    if let Some(object) = &made.object {
        images.push(bytecode(made, object, args));
    }
    if let Some(executable) = made.executable.as_ref().filter(|_| args.exe) {
        let at = format!("/{}", made.name);
        let entries = vec![Entry::executable(&made.name, executable.clone())];
        images.push(Image { tag: EXECUTABLE, entries, labels: about(made, args), entry_point: Some(at) });
    }
    let mut files = vec![file(folder, "oci-layout", json!({ "imageLayoutVersion": "1.0.0" }).to_string().into_bytes())];
    let mut listed = Vec::new();
    for image in images {
        listed.push(written(cx, folder, image, &mut files));
    }
    let index =
        json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": listed });
    files.push(file(folder, "index.json", index.to_string().into_bytes()));
    Some(files)
}

/// What every image says of itself (annotations.md of the image-spec).
fn about(made: &Made, args: &Package) -> Map<String, Value> {
    let mut labels = Map::new();
    let mut label = |name: &str, value: &str| labels.insert(format!("org.opencontainers.image.{name}"), value.into());
    label("title", &made.page.name);
    label("description", &made.summary());
    label("version", &args.release);
    label("licenses", &made.page.license);
    labels
}

fn bytecode(made: &Made, object: &[u8], args: &Package) -> Image {
    let file = format!("{}.bpf.o", made.page.name);
    let mut labels = about(made, args);
    let types: Map<String, Value> =
        made.programs.iter().map(|program| (program.name.clone(), program.kernel_type().image.into())).collect();
    // bpfman says `per_cpu_` where libbpf's names have `percpu_`.
    let kinds: Map<String, Value> =
        made.maps.iter().map(|(name, kind)| (name.clone(), kind.replace("percpu_", "per_cpu_").into())).collect();
    if let [only] = &made.programs[..] {
        labels.insert("io.ebpf.program_type".to_owned(), only.kernel_type().image.into());
        labels.insert("io.ebpf.program_name".to_owned(), only.name.clone().into());
        labels.insert("io.ebpf.bpf_function_name".to_owned(), only.name.clone().into());
        labels.insert("io.ebpf.filename".to_owned(), file.clone().into());
    }
    labels.insert("io.ebpf.programs".to_owned(), Value::Object(types).to_string().into());
    labels.insert("io.ebpf.maps".to_owned(), Value::Object(kinds).to_string().into());
    Image { tag: BYTECODE, entries: vec![Entry::file(&file, object)], labels, entry_point: None }
}

/// Adds the parts of an image to the files, and returns what the index says of it.
fn written(cx: &Session, folder: &Path, image: Image, files: &mut Vec<Output>) -> Value {
    let mut blob = |media: &str, bytes: Vec<u8>| {
        let digest = archive::digest(&bytes);
        let described = json!({ "mediaType": media, "digest": digest, "size": bytes.len() });
        let path = format!("blobs/{}", digest.replace(':', "/"));
        // Two images may share a part.
        if !files.iter().any(|file| file.path.ends_with(&path)) {
            files.push(file(folder, &path, bytes));
        }
        described
    };
    let plain = archive::tar(&image.entries);
    let layer = blob(LAYER, archive::gzip(&plain));
    let mut run = json!({ "Labels": image.labels });
    if let Some(at) = image.entry_point {
        run["Entrypoint"] = json!([at]);
    }
    let config = json!({
        "architecture": cx.options.machine.package,
        "os": "linux",
        "config": run,
        "rootfs": { "type": "layers", "diff_ids": [archive::digest(&plain)] },
    });
    let config = blob(CONFIG, config.to_string().into_bytes());
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer] });
    let mut described = blob(MANIFEST, manifest.to_string().into_bytes());
    described["annotations"] = json!({ "org.opencontainers.image.ref.name": image.tag });
    described["platform"] = json!({ "architecture": cx.options.machine.package, "os": "linux" });
    described
}

fn file(folder: &Path, name: &str, bytes: Vec<u8>) -> Output {
    Output { path: folder.join(name), bytes, executable: false }
}
