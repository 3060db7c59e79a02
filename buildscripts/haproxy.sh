#!/bin/sh
# haproxy.sh SOURCE_DIR OUTPUT_DIR builds OUTPUT_DIR/haproxy and version.txt in a
# fresh, patched source tree of HAProxy 3.0.
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
output=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$1"
. "$scripts/musl.sh"

set -- TARGET=linux-musl CC="$CC" LD="$CC"

# What MySQL traffic needs: threads, splicing between sockets in the kernel, and
# metrics for Prometheus.
set -- "$@" USE_THREAD=1 USE_LINUX_SPLICE=1 USE_PROMEX=1

# Left out: TLS (MySQL's own passes through), Lua, hashed passwords (there is no
# userlist), the resolver (addresses are literals), HTTP compression (its tables
# are a quarter of the start-up), and dlopen, which a static program cannot do,
# with the backtraces that need it.
set -- "$@" USE_OPENSSL= USE_LUA= USE_LIBCRYPT= USE_CRYPT_H= USE_GETADDRINFO= \
	USE_SLZ= USE_DL= USE_BACKTRACE=

# Hardening; musl has no _FORTIFY_SOURCE. -g0: debug information would name the
# build directory.
set -- "$@" OPT_CFLAGS=-O2 ARCH_FLAGS=-g0 \
	CFLAGS='-fPIE -fstack-protector-strong -fstack-clash-protection' \
	LDFLAGS='-static -Wl,-z,relro,-z,now'

# The version is that of the sources, not of a repository around them.
set -- "$@" IGNOREGIT=1 SUBVERS=

make -j"$(nproc)" V=1 "$@" haproxy
strip -o "$output/haproxy" haproxy
"$output/haproxy" -vv >"$output/version.txt"
# Neither the kernel nor the number of processors of the build host.
sed -i -e '/^Running on/d' -e 's/, default=[0-9]*//' "$output/version.txt"
