#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Do the README's two commands work where nothing is installed? Makes a minimal Debian 12 root in
# which only git is there, clones the last commit into it, and runs ./dev demo and ./dev test.
#
#   sudo tests/fresh_machine.sh            needs root and debootstrap; the network; about ten minutes
#   MIRROR=…    a Debian mirror; by default the one this machine's own apt uses
#   ROOT_TAR=…  keeps the minimal root in this file, or takes it from there (skips debootstrap)
#   PORT=8080   for the demo: the root shares the network of this machine
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" = 0 ] || { echo "run me as root: chroot and mount need it" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is not installed" >&2; exit 1; }

mirror=${MIRROR-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/debian.* 2>/dev/null |
    sed -n 's/^URIs: *//p; s/^deb  *\(\[[^]]*\] *\)\{0,1\}\([a-z]*:[^ ]*\).*/\2/p' | head -n 1)}
root=$(mktemp -d "${TMPDIR:-/tmp}/offerd-fresh.XXXXXX")

tidy() {
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root" "$root.log"
}
trap tidy EXIT
trap 'exit 130' INT TERM

if [ -n "${ROOT_TAR-}" ] && [ -f "$ROOT_TAR" ]; then
    tar -C "$root" -xf "$ROOT_TAR"
else
    echo "making the minimal root"
    debootstrap --variant=minbase --include=git,ca-certificates bookworm "$root" "$mirror" >"$root.log" 2>&1 || {
        tail -n 20 "$root.log" >&2
        exit 1
    }
    [ -z "${ROOT_TAR-}" ] || tar -C "$root" -cf "$ROOT_TAR" .
fi
chmod 755 "$root" # mktemp's own is for root alone, and the tests' PostgreSQL is not root
rm -f "$root"/var/lib/apt/lists/*_*                                # as in a container image
cp /etc/resolv.conf "$root/etc/resolv.conf"
grep -hs '^Acquire::' /etc/apt/apt.conf /etc/apt/apt.conf.d/* >"$root/etc/apt/apt.conf.d/90-of-the-host" || true
mount -t proc proc "$root/proc"
git bundle create -q "$root/offerd.bundle" HEAD

# fresh COMMAND: in the root, with nothing of this machine's environment but the way to the network.
fresh() {
    began=$(date +%s)
    printf '\n$ %s\n' "$1"
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root ${http_proxy+"http_proxy=$http_proxy"} \
        ${https_proxy+"https_proxy=$https_proxy"} ${no_proxy+"no_proxy=$no_proxy"} \
        chroot "$root" sh -c "$1" </dev/null
    printf '(%d s)\n' $(($(date +%s) - began))
}

fresh "git -c advice.detachedHead=false clone -q /offerd.bundle /offerd && git -C /offerd log -1 --format='%h %s'"
fresh "cd /offerd && ./dev demo --once --port ${PORT:-8080}"
fresh "cd /offerd && ./dev demo --once --port ${PORT:-8080} >/dev/null"
fresh "cd /offerd && ./dev test"
fresh "cd /offerd && git status --short && test -z \"\$(git status --short)\""
echo "A fresh machine serves an offer and passes its tests."
