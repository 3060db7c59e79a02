#!/bin/sh
# kernel-cost.sh TREE [FRAGMENT...] prints what each fragment of boot/kernel costs:
# the kernel is built without it, in a tree that kernel.sh has built, and booted
# until it finds no root file system. The time is the guest's own, counted in
# instructions (1 ns each), so that a busy host does not change it.
set -eu

fragments=$(cd "$(dirname "$0")/../boot/kernel" && pwd)
cmdline=$(sed 's/quiet//' "$(dirname "$0")/../boot/cmdline")
cd "$1"
shift
[ $# -gt 0 ] || set -- vmware hyperv drives watchdog firewall emulated virtio console containment hardening

export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=twinlb KBUILD_BUILD_HOST=twinlb LOCALVERSION=

# build FRAGMENT: with all fragments but that one.
build() {
	for file in "$fragments"/*.config; do
		[ "$(basename "$file" .config)" = "$1" ] || cat "$file"
	done >fragments.config
	make KCONFIG_ALLCONFIG=fragments.config allnoconfig >/dev/null
	make -j"$(nproc)" bzImage >/dev/null 2>&1
}

# boot: milliseconds of guest time from the kernel's first line to the end of its
# own start, on a machine with the usual virtio devices.
boot() {
	timeout 300 qemu-system-x86_64 -accel tcg -icount shift=0,sleep=off -machine q35 -m 128 \
		-nodefaults -display none -vga std -serial stdio -no-reboot \
		-kernel arch/x86/boot/bzImage -append "$cmdline panic=-1" \
		-netdev user,id=lan -device virtio-net-pci,netdev=lan -device virtio-rng-pci |
		awk '/Unable to mount root fs|No filesystem could mount root|Cannot open root device/ {
			gsub(/[][]/, " "); printf "%.0f", $1 * 1000; exit }'
}

build none
whole=$(stat -c %s arch/x86/boot/bzImage)
time=$(boot)
printf '%-12s %9s bytes %6s ms\n' all "$whole" "$time"
for fragment; do
	build "$fragment"
	size=$(stat -c %s arch/x86/boot/bzImage)
	without=$(boot)
	printf '%-12s %9s bytes %6s ms\n' "$fragment" "$((whole - size))" "${without:+$((time - without))}"
done
