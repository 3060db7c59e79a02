#!/bin/sh
# kernel.sh SOURCE_DIR OUTPUT_DIR builds OUTPUT_DIR/bzImage and config in a fresh,
# patched source tree of Linux, from the fragments in boot/kernel.
set -eu

fragments=$(cd "$(dirname "$0")/../boot/kernel" && pwd)
output=$(mkdir -p "$2" && cd "$2" && pwd)
cd "$1"

# What the kernel says of its build must not tell when, where or by whom.
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1
export KBUILD_BUILD_USER=twinlb KBUILD_BUILD_HOST=twinlb
# Set though empty: no "+" for a tree that git knows and finds changed.
export LOCALVERSION=

cat "$fragments"/*.config >fragments.config
make KCONFIG_ALLCONFIG=fragments.config allnoconfig

# Kconfig drops without a word what it does not know or whose dependencies are
# off. A fragment that is not met stops the build.
awk '
	{ name = value = "" }
	/^CONFIG_[A-Z0-9a-z_]+=/ { name = substr($0, 1, index($0, "=") - 1); value = substr($0, index($0, "=") + 1) }
	/^# CONFIG_[A-Z0-9a-z_]+ is not set$/ { name = $2; value = "n" }
	name == "" { next }
	FILENAME == ".config" { got[name] = value; next }
	{
		final = name in got ? got[name] : "n"
		if (final != value) {
			printf "verify the kernel configuration: %s:%d: asked for %s=%s, got %s; see its \"depends on\" in Kconfig\n", FILENAME, FNR, name, value, final
			unmet = 1
		}
	}
	END { exit unmet }
' .config "$fragments"/*.config >&2

make -j"$(nproc)" bzImage
cp arch/x86/boot/bzImage "$output/bzImage"
cp .config "$output/config"
