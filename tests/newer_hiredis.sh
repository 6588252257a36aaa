#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What Debian 12's hiredis 0.14 cannot: TLS to Redis. Builds hiredis 1.0, which stands in the source package of Debian 12's
# own redis, into .offerd/hiredis; offerd with it into build-hiredis; and runs every test that speaks to Redis.
#
#   tests/newer_hiredis.sh              needs the network once, for 3 MB; the packages of ./dev deps all; minutes
#   PKG_CONFIG_PATH=DIR tests/newer_hiredis.sh    with the hiredis whose hiredis.pc and hiredis_ssl.pc are in DIR instead
#
# Exit status 77: nothing was tried, as there was no such source to be had.
set -eu
cd "$(dirname "$0")/.."

build="build-hiredis"
prefix=$PWD/.offerd/hiredis

# apt's own sources, with deb-src for deb, in a corner of our own: nothing of the machine's is changed.
fetch() (
    mkdir -p "$prefix/apt/parts" "$prefix/apt/lists/partial" "$prefix/apt/archives/partial"
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ ! -f "$list" ] || sed -n 's/^deb /deb-src /p' "$list" >"$prefix/apt/parts/${list##*/}"
    done
    for list in /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb-src/' "$list" >"$prefix/apt/parts/${list##*/}"
    done
    [ ! -f "$prefix/apt/parts/sources.list" ] || mv "$prefix/apt/parts/sources.list" "$prefix/apt/parts/all.list"
    cd "$prefix/apt"
    for words in update 'source --download-only redis'; do
        # shellcheck disable=SC2086  # words they are
        apt-get -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$prefix/apt/parts" \
            -o Dir::State::Lists="$prefix/apt/lists" -o Dir::Cache="$prefix/apt" -o APT::Sandbox::User="$(id -un)" $words || exit
    done
    tar -xf redis_*.orig.tar.*
)

# Static, and with the headers where <hiredis/…> is found before those of 0.14.
compile() {
    cd "$prefix"/apt/redis-*/deps/hiredis
    for part in alloc async hiredis net read sds sockcompat ssl; do
        cc -std=gnu99 -O2 -g -fPIC -c "$part.c" -o "$part.o"
    done
    mkdir -p "$prefix/include/hiredis" "$prefix/lib/pkgconfig"
    cp -r ./*.h adapters "$prefix/include/hiredis"
    ar rcs "$prefix/lib/libhiredis.a" alloc.o async.o hiredis.o net.o read.o sds.o sockcompat.o
    ar rcs "$prefix/lib/libhiredis_ssl.a" ssl.o
    version=$(sed -n 's/^#define HIREDIS_\(MAJOR\|MINOR\|PATCH\) //p' hiredis.h | paste -sd.)
    for name in hiredis hiredis_ssl; do
        printf '%s\n' "Name: $name" "Description: $name" "Version: $version" "Libs: -L$prefix/lib -l$name" \
            "Cflags: -I$prefix/include -D_FILE_OFFSET_BITS=64" >"$prefix/lib/pkgconfig/$name.pc"
    done
    echo 'Requires: hiredis openssl' >>"$prefix/lib/pkgconfig/hiredis_ssl.pc"
}

if [ -z "${PKG_CONFIG_PATH-}" ]; then
    if [ ! -f "$prefix/lib/pkgconfig/hiredis_ssl.pc" ]; then
        rm -rf "$prefix"
        if ! fetch; then
            echo "skipped: apt has no sources of redis here"
            exit 77
        fi
        (compile)
    fi
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
fi
echo "hiredis $(pkg-config --modversion hiredis_ssl)"

[ -f $build/build.ninja ] || meson setup $build -Dredis_tls=enabled --werror
tests=$(meson test -C $build --list 2>/dev/null |
    sed -n 's/^.* \/ //; /^store\/redis_\|^contract\/\(shared_profiles\|budget_store\)\|^deploy\/neighbours_tls$/p')
targets=$(printf '%s\n' "$tests" |
    sed -n 's,^store/,tests/test_store_,p; s,^contract/\([a-z_]*\)_by_tls$,tests/contract_\1,p')
# shellcheck disable=SC2086
ninja -C $build --quiet offerd $targets
# shellcheck disable=SC2086
exec meson test -C $build --no-rebuild --print-errorlogs $tests
