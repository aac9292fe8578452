#!/bin/bash
# Commands as a newcomer runs them: a clean clone, a normal user, and on PATH only what a bare Debian has beside git and
# make. What passes only where a developer has installed things is found here.
#
#   scripts/bare.sh /usr/bin/python3 make demo test
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
shift
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

mkdir "$room/bin" "$room/home"
dpkg-query -W -f '${Essential} ${Priority} ${Package}\n' | awk '$1 == "yes" || $2 == "required" { print $3 }' >"$room/packages"
xargs dpkg -L git make <"$room/packages" | grep -E '^(/usr)?/s?bin/[^/]+$' | while read -r program; do
    ln -sf "$program" "$room/bin/"
done
for alternative in awk which; do
    ln -sf "$(command -v "$alternative")" "$room/bin/"
done
ln -sf "$python" "$room/bin/python3"
git clone --quiet . "$room/transload"

as=()
if [ "$(id -u)" = 0 ]; then
    chown -R nobody: "$room"
    as=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
cd "$room/transload"
mapfile -t pip < <(env | grep '^PIP_')
"${as[@]}" env -i PATH="$room/bin" HOME="$room/home" LANG=C.UTF-8 "${pip[@]}" "$@"
