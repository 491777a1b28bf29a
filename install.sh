#!/bin/sh
# Installs ksc from the files of a release: fetches the archive, compares its sum, unpacks it below a prefix.
#
#   curl -fsSLO URL/install.sh && sh install.sh
#   KSC_URL=URL sh install.sh            from another place: https://…, http://… or file:///folder
#   sh install.sh --prefix DIR           /usr/local by default for root, else ~/.local
#   sh install.sh --public-key KEY       also checks the signature of the sums, which needs minisign
#
# It needs curl, sha256sum, tar, and xz or gzip: the archive for gzip is half as large again. Nothing is written before the sum is right.
set -eu

KSC_URL=${KSC_URL:-}

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

fetch() { # name
    curl -fsSL --retry 3 -o "$folder/$1" "$KSC_URL/$1" || fail "cannot fetch $KSC_URL/$1" 3
}

# The sum that the list has for a file, and the file's own.
compare() { # name
    grep "^[0-9a-f]\{64\}  $1\$" "$folder/SHA256SUMS" >"$folder/sum" || fail "the release has no $1"
    (cd "$folder" && sha256sum -c sum >/dev/null 2>&1) || fail "$1 is not the file that SHA256SUMS lists; nothing was installed"
}

# All is in a function, so that a script that was cut off does nothing.
main() {
    prefix= key=
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) [ $# -gt 1 ] || fail "--prefix needs a folder" 2; prefix=$2; shift 2 ;;
            --public-key) [ $# -gt 1 ] || fail "--public-key needs a key or a file with one" 2; key=$2; shift 2 ;;
            *) fail "there is no option $1; the script's first lines list them" 2 ;;
        esac
    done
    [ -n "$KSC_URL" ] || fail "KSC_URL names no release" 2
    KSC_URL=${KSC_URL%/}
    for tool in curl sha256sum tar; do
        command -v "$tool" >/dev/null || fail "there is no $tool" 3
    done
    if command -v xz >/dev/null; then packer=xz ending=xz; else packer=gzip ending=gz; fi
    command -v "$packer" >/dev/null || fail "there is neither xz nor gzip" 3
    [ "$(uname -s)" = Linux ] || fail "ksc is for Linux" 3
    archive=ksc-$(uname -m)-linux.tar.$ending
    if [ -z "$prefix" ]; then
        if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
    fi

    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM HUP
    fetch SHA256SUMS
    if [ -n "$key" ]; then
        command -v minisign >/dev/null || fail "there is no minisign to check the signature with" 3
        fetch SHA256SUMS.minisig
        if [ -f "$key" ]; then with=-p; else with=-P; fi
        minisign -Vq "$with" "$key" -m "$folder/SHA256SUMS" || fail "the signature of the sums is wrong; nothing was installed"
    fi
    fetch "$archive"
    compare "$archive"
    mkdir -p "$prefix" || fail "cannot make $prefix" 3
    "$packer" -dc "$folder/$archive" | tar -xf - -C "$prefix" --no-same-owner || fail "cannot write below $prefix" 3
    "$prefix/bin/ksc" --version
    case :$PATH: in
        *":$prefix/bin:"*) ;;
        *) printf '%s\n' "ksc is $prefix/bin/ksc; that folder is not in PATH" ;;
    esac
    command -v cc >/dev/null || command -v ld >/dev/null || printf '%s\n' "executables are linked by gcc or a linker: apt-get install gcc"
}

main "$@"
