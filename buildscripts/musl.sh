# Sourced by haproxy.sh and keepalived.sh in a source tree: sets CC to a compiler
# of static, position-independent programs against musl (Debian's musl-tools).
#
# Debian's musl-gcc knows no static-pie, and hides the kernel's headers. Both are
# mended by files in the tree itself that the compiler finds through its
# environment, so that no path of the build host reaches a command line: HAProxy
# and keepalived write theirs into the binary.
# shellcheck shell=sh

mkdir -p toolchain/include
for headers in /usr/include/linux /usr/include/asm-generic "/usr/include/$(gcc -print-multiarch)/asm"; do
	ln -sfn "$headers" "toolchain/include/${headers##*/}"
done
# rcrt1.o is the start-up code that relocates itself, having no dynamic linker.
sed -e 's/Scrt1\.o/rcrt1.o/' \
	-e 's/^-dynamic-linker [^ ]*//' \
	-e 's/%{static:-static}/-static -pie --no-dynamic-linker -z text/' \
	/usr/lib/*-linux-musl/musl-gcc.specs >toolchain/musl-static-pie.specs
if ! grep -q 'rcrt1\.o' toolchain/musl-static-pie.specs ||
	! grep -q -e '-static -pie' toolchain/musl-static-pie.specs; then
	echo "make specs for static-pie: musl-gcc.specs looks different from musl 1.2.3's; adapt buildscripts/musl.sh" >&2
	exit 1
fi

export C_INCLUDE_PATH="$PWD/toolchain/include" # searched after musl's own headers
export LIBRARY_PATH="$PWD/toolchain"           # where gcc looks for the specs
export CC='gcc -specs=musl-static-pie.specs'
