#!/bin/sh
# keepalived.sh SOURCE_DIR OUTPUT_DIR builds OUTPUT_DIR/keepalived and version.txt
# in a fresh, patched source tree of keepalived 2.3.
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
output=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$1"
. "$scripts/musl.sh"

# Patching leaves configure older than configure.ac, and make would run
# autotools. Files of one age are all up to date.
find . -type f -exec touch -d @0 {} +

set -- --prefix=/usr --sysconfdir=/etc --localstatedir=/var

# Status as JSON on a signal.
set -- "$@" --enable-json

# VRRP only: no IPVS, no firewall rules of its own (which would need libraries),
# no VRRPv2 passwords, no MII polling (netlink tells of the carrier), no systemd.
set -- "$@" --disable-lvs --disable-iptables --disable-nftables \
	--disable-vrrp-auth --disable-linkbeat --disable-systemd

# configure would look these up on the build host.
set -- "$@" --with-init=SYSV \
	--with-iproute-etc-dir=/etc/iproute2 --with-iproute-usr-dir=/usr/share/iproute2

# configure adds stack protector, -fPIE, relro and now by itself. -g0: debug
# information would name the build directory.
./configure "$@" CC="$CC" CFLAGS='-O2 -g0' LDFLAGS=-static
make -j"$(nproc)" V=1
strip -o "$output/keepalived" bin/keepalived
"$output/keepalived" --version >"$output/version.txt" 2>&1
# Neither the kernel nor the distribution of the build host.
sed -i -e '/^Running on/d' -e '/^Distro:/d' "$output/version.txt"
