//! `--kubernetes`: a DaemonSet (apps/v1 of the API of Kubernetes) with the image of the executable, and the application of bpfman with that of
//! the object. A cluster takes one or the other.

use super::made::Made;
use super::oci::{BYTECODE, EXECUTABLE};
use super::{bpfman, yaml};
use crate::cli::Package;
use crate::link::output::Output;
use crate::session::Session;
use serde_json::{Value, json};
use std::path::Path;

/// Where the executable serves its numbers in the container, a port that exporters of Prometheus leave free.
const METRICS_PORT: u16 = 9435;

/// The manifests. What is left out is in `said`, with the reason.
pub fn manifests(
    cx: &Session,
    folder: &Path,
    args: &Package,
    made: &Made,
    said: &mut Vec<String>,
) -> Option<Vec<Output>> {
    let base = args.image.as_ref().unwrap_or(&made.name);
    let image = |of: &str| format!("{base}-{of}:{}", args.release);
    let set = daemon_set(cx, args, made, &image(EXECUTABLE));
    let mut files = vec![file(folder, "daemonset.yaml", &set)];
    match bpfman::application(made, args, &image(BYTECODE)) {
        Ok(application) => files.push(file(folder, "bpfman.yaml", &application)),
        Err(why) => said.push(format!("no bpfman.yaml: {why}\n")),
    }
    Some(files)
}

fn file(folder: &Path, name: &str, value: &Value) -> Output {
    Output { path: folder.join(name), bytes: yaml::document(value).into_bytes(), executable: false }
}

fn daemon_set(cx: &Session, args: &Package, made: &Made, image: &str) -> Value {
    let labels = json!({ "app.kubernetes.io/name": made.name });
    let all = json!({ "app.kubernetes.io/name": made.name, "app.kubernetes.io/version": args.release });
    let mut pod = json!({
        "containers": [container(args, made, image)],
        "nodeSelector": { "kubernetes.io/arch": cx.options.machine.package, "kubernetes.io/os": "linux" },
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 30,
    });
    pod["volumes"] = mounts(made)
        .map(|(name, path)| json!({ "name": name, "hostPath": { "path": path, "type": "Directory" } }))
        .collect();
    // Interfaces are those of the node only in its own network; processes have the node's numbers in its own space.
    if made.types_need("NET_ADMIN") {
        pod["hostNetwork"] = true.into();
        pod["dnsPolicy"] = "ClusterFirstWithHostNet".into();
    }
    if made.types_need("PERFMON") {
        pod["hostPID"] = true.into();
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": { "name": made.name, "labels": all },
        "spec": {
            "selector": { "matchLabels": labels },
            "updateStrategy": { "type": "RollingUpdate" },
            "template": { "metadata": { "labels": all }, "spec": pod },
        },
    })
}

fn container(args: &Package, made: &Made, image: &str) -> Value {
    // Only a process that may do all loads a module.
    let context = if made.loads_module {
        json!({ "privileged": true, "runAsUser": 0, "readOnlyRootFilesystem": true })
    } else {
        json!({
            "privileged": false,
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "runAsUser": 0,
            "capabilities": { "drop": ["ALL"], "add": made.capabilities() },
        })
    };
    let mut arguments = args.arguments.clone();
    let metrics = made.has_option("--metrics");
    if metrics {
        arguments.push(format!("--metrics=0.0.0.0:{METRICS_PORT}"));
    }
    let mut container = json!({
        "name": made.name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments,
        "securityContext": context,
        "resources": { "requests": { "cpu": "10m", "memory": "16Mi" }, "limits": { "memory": "256Mi" } },
    });
    container["volumeMounts"] = mounts(made).map(|(name, path)| json!({ "name": name, "mountPath": path })).collect();
    if metrics {
        let probe =
            |seconds: u32| json!({ "httpGet": { "path": "/metrics", "port": "metrics" }, "periodSeconds": seconds });
        container["ports"] = json!([{ "name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP" }]);
        container["readinessProbe"] = probe(5);
        container["livenessProbe"] = probe(20);
    }
    container
}

/// Folders of the node that the executable reads or writes: their names as volumes, and their paths.
fn mounts(made: &Made) -> impl Iterator<Item = (&'static str, &'static str)> {
    let tracing = made.types_need("PERFMON");
    let cgroups = made
        .programs
        .iter()
        .any(|program| program.form.attach.form().is_some_and(|form| form.target == Some("cgroup")));
    let modules = made.loads_module;
    [
        (made.object.is_some(), "bpffs", "/sys/fs/bpf"),
        (tracing, "tracing", "/sys/kernel/tracing"),
        (cgroups, "cgroups", "/sys/fs/cgroup"),
        (modules, "modules", "/lib/modules"),
    ]
    .into_iter()
    .filter_map(|(wanted, name, path)| wanted.then_some((name, path)))
}
