#!/bin/bash
# Tests under another Python, with only what every Linux has on PATH: no ffprobe, no 7-Zip, no browser, no web server.
#
#   scripts/test_bare.sh /usr/bin/python3 tests/archives tests/sources tests/faults
#
# What passes only where a developer has installed things is found here, and what hangs on one version of Python.
set -euo pipefail
cd "$(dirname "$0")/.."

OPTIONAL='7z|7za|7zr|7zz|ar|arj|brotli|bsd*|bzip2|cabextract|chromium*|compress|convert|cpio|exiftool|fc-*|ffmpeg|ffplay|ffprobe|gcab
|genisoimage|heif-*|identify|lha|lsar|lz4*|lzip|lzma|lzop|magick|mkisofs|mksquashfs|nginx|openssl|p7zip|plzip|rar|setpriv|tmux|unar|unrar*
|unxz|unzip|xorriso*|xz*|zip|zpaq|zstd*'

python=$1
shift
bare=$(mktemp -d)
trap 'rm -rf "$bare"' EXIT

mkdir "$bare/bin"
shopt -s extglob
for program in /usr/bin/* /bin/* /usr/sbin/* /sbin/*; do
    name=${program##*/}
    # shellcheck disable=SC2254  # the list is a pattern
    case $name in
        @(${OPTIONAL//$'\n'/})) ;;
        *) [ -e "$bare/bin/$name" ] || ln -s "$program" "$bare/bin/$name" ;;
    esac
done

"$python" -m venv "$bare/venv"
"$bare/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$bare/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
"$bare/venv/bin/python" --version
PATH=$bare/bin "$bare/venv/bin/python" -m pytest -q -p no:cacheprovider -n auto --maxprocesses=4 --dist=loadfile "$@"
