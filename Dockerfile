# ksc with two kernels of Debian, for the CI of other projects (action.yml). A container needs no privilege, no KVM, and no BPF of the machine.
#
#   docker build -t ksc .
#   docker run --rm -v "$PWD:/work" -w /work -e KSC_FILES='src/*.bpf.o' ksc
FROM rust:1.95-bookworm AS build
WORKDIR /ksc
COPY . .
RUN apt-get update && ci/release

FROM debian:bookworm AS kernels
COPY --from=build /ksc/target/release-files/ksc-x86_64-linux /usr/local/bin/ksc
ENV XDG_CACHE_HOME=/kernels
# Each package of these two depends on one with the newest build, which alone holds a kernel.
RUN apt-get update && apt-get install -y --no-install-recommends xz-utils && \
    apt-get install -y --no-install-recommends --download-only \
        -o Dir::Cache::Archives=/tmp linux-image-cloud-amd64 linux-image-6.12-cloud-amd64 && \
    for package in /tmp/linux-image-*.deb; do ksc kernel add "$package" || true; done && \
    test "$(ksc kernel list | wc -l)" = 2

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends qemu-system-x86 && rm -rf /var/lib/apt/lists/*
COPY --from=kernels /kernels /kernels
COPY --from=kernels /usr/local/bin/ksc /usr/local/bin/
COPY ci/annotate /usr/local/bin/
ENV XDG_CACHE_HOME=/kernels
ENTRYPOINT ["annotate"]
