# SPDX-License-Identifier: MIT
#
# guest.bash - boots another kernel in QEMU and runs the truth tests in it
#
#	. "$(dirname "$0")/guest.bash"
#	guest 6.1                  or: guest 6.1 arm64
#	finish
#
# The kernel is Debian's, from the package sources that this machine has, or from an older suite at
# the same place (guest 5.10 amd64 bullseye), kept in $O/kernels. The
# initramfs holds busybox, the tracer with its libraries, the workloads and tests/kernels/init.
# What the guest finds it writes as a tar archive on a raw disk; it is judged out here. QEMU
# emulates (TCG), which is slow and whose time is uneven: counts and sums are exact there too,
# but of times only proportions are looked at.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
O=${O:-build}
CTRACE=${CTRACE:-$O/ctrace-bpf}
host_ctrace=$CTRACE
cache=$O/kernels
failed=0
qemu=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ctrace-kernel.XXXXXX") || exit 1
leave() {
	[ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null
	rm -rf "$tmp"
}
# KEEP=DIRECTORY: what the guest wrote is left there.
trap leave EXIT
trap 'exit 1' INT TERM HUP

ok() { echo "ok $1"; }
not_ok() {
	echo "not ok $1"
	shift
	[ $# -eq 0 ] || printf '# %s\n' "$@"
	failed=1
}
skip() { echo "ok $1 # SKIP $2"; }
finish() { exit $failed; }

# Another architecture's packages come from a package database of its own, so that nothing here
# has to know of it.
foreign() {
	local d=$PWD/$cache/apt-$1

	case $cache in /*) d=$cache/apt-$1 ;; esac
	apt=(-o APT::Architecture="$1" -o APT::Architectures::="$1" -o Dir::State="$d/state"
		-o Dir::Cache="$d/cache" -o Dir::State::status="$d/status")
	[ -e "$d/updated" ] && return
	mkdir -p "$d/state/lists/partial" "$d/cache/archives/partial" && : >"$d/status" &&
		apt-get -qq "${apt[@]}" -o APT::Sandbox::User=root update >"$tmp/fetch" 2>&1 &&
		: >"$d/updated"
}

# The same for an older suite, from where this machine gets its own packages.
older() {
	local d=$PWD/$cache/apt-$1 from

	case $cache in /*) d=$cache/apt-$1 ;; esac
	from=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | head -n 1)
	[ -n "$from" ] || return 1
	apt=(-o Dir::State="$d/state" -o Dir::Cache="$d/cache" -o Dir::State::status="$d/status"
		-o Dir::Etc::SourceList="$d/sources.list" -o Dir::Etc::SourceParts=/dev/null)
	[ -e "$d/updated" ] && return
	mkdir -p "$d/state/lists/partial" "$d/cache/archives/partial" && : >"$d/status" &&
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $from $1 main" >"$d/sources.list" &&
		apt-get -qq "${apt[@]}" -o APT::Sandbox::User=root update >"$tmp/fetch" 2>&1 &&
		: >"$d/updated"
}

# package VERSION: the newest kernel package of that line that apt knows; "" none.
package() {
	apt-cache "${apt[@]}" pkgnames "linux-image-$1." 2>/dev/null |
		grep -E "^linux-image-${1//./\\.}\.[0-9]+([-+][0-9a-z+]+)*-cloud-$deb$" | sort -V | tail -n 1
}

# fetch PACKAGE...: unpacked in $cache/PACKAGE
fetch() {
	local p

	for p; do
		[ -e "$cache/$p/done" ] && continue
		mkdir -p "$cache/$p"
		(cd "$cache/$p" && apt-get -qq "${apt[@]}" -o APT::Sandbox::User=root download "$p" &&
			dpkg -x ./*.deb . && rm -f ./*.deb && : >"done") >"$tmp/fetch" 2>&1 || return 1
	done
}

# What runs in the guest: the native build, with the libraries that it is linked with …
native() {
	deb=amd64 busybox=/bin/busybox
	qemu_command=(qemu-system-x86_64 -cpu max)
	console=ttyS0
	apt=()
}
# … or one for arm64, linked statically, so that its libraries need not be installed anywhere.
cross() {
	local sys=$cache/arm64-sys p

	deb=arm64 busybox=$sys/bin/busybox
	qemu_command=(qemu-system-aarch64 -M virt -cpu "max,pauth-impdef=on")
	console=ttyAMA0
	command -v qemu-system-aarch64 >/dev/null || { why="there is no qemu-system-aarch64"; return 1; }
	why="the packages cannot be fetched"
	foreign arm64 && fetch libbpf-dev libelf-dev zlib1g-dev busybox-static || return 1
	mkdir -p "$sys"
	for p in libbpf-dev libelf-dev zlib1g-dev busybox-static; do
		cp -a "$cache/$p/." "$sys/"
	done
	why="it does not build: see $tmp/make"
	make O="$O/arm64" ARCH=aarch64 CC="aarch64-linux-gnu-gcc -static -isystem $sys/usr/include \
		-L$sys/usr/lib/aarch64-linux-gnu" "$O/arm64/ctrace-bpf" workloads >"$tmp/make" 2>&1 ||
		{ cat "$tmp/make" >&2; return 2; }
	CTRACE=$O/arm64/ctrace-bpf
	O=$O/arm64
}

# Module files that the disks need, in the order of loading; those that are built in have none.
modules() {
	local m f

	for m in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
		f=$(find "$cache/$1/lib/modules" -name "$m.ko*" | head -n 1)
		[ -n "$f" ] && echo "$f"
	done
}

# initramfs PACKAGE: $tmp/initrd
initramfs() {
	local root=$tmp/root f n=10

	mkdir -p "$root"/{bin,dev,proc,sys,tmp,disk,results,modules,workloads}
	cp "$busybox" "$root/bin/busybox"
	cp tests/kernels/init "$root/init"
	cp "$CTRACE" "$root/bin/ctrace-bpf" && cp "$O"/tests/workloads/* "$root/workloads/" || return 1
	rm -f "$root"/workloads/*.d
	for f in "$CTRACE" "$O"/tests/workloads/spin; do
		ldd "$f" 2>/dev/null | grep -oE '/[^ ]+' | while read -r lib; do
			mkdir -p "$root$(dirname "$lib")"
			cp -L "$lib" "$root$lib"
		done
	done
	for f in $(modules "$1"); do
		n=$((n + 1))
		case $f in
		*.xz) xz -dc "$f" >"$root/modules/$n.ko" ;;
		*) cp "$f" "$root/modules/$n.ko" ;;
		esac
	done
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$tmp/initrd"
}

# N.B. thread=single: with a host thread for each CPU, QEMU 7.2 now and then lets an idle CPU miss
# the interrupt that the other waits for while it patches the kernel's text, for ever.
boot() {
	local kernel=("$cache/$1"/boot/vmlinuz-*)

	truncate -s 64M "$tmp/disk" "$tmp/results"
	mkfs.ext4 -q -F "$tmp/disk" || return 1
	timeout -k 5 1200 "${qemu_command[@]}" -accel tcg,thread=single -smp 2 -m 1500 \
		-kernel "${kernel[0]}" -initrd "$tmp/initrd" -append "console=$console quiet panic=-1" \
		-drive file="$tmp/disk",format=raw,if=virtio \
		-drive file="$tmp/results",format=raw,if=virtio \
		-nographic -no-reboot -net none >"$tmp/console" 2>&1 </dev/null &
	qemu=$!
	wait $qemu
	qemu=
	mkdir "$tmp/found"
	tar -xf "$tmp/results" -C "$tmp/found" 2>/dev/null
	[ -z "${KEEP:-}" ] || cp -r "$tmp/found" "$tmp/console" "$KEEP/"
	[ -e "$tmp/found/end" ]
}

# judge_run DIRECTORY LABEL: one run in the guest. 77: the workload said that it cannot.
judge_run() {
	local name=${1##*/} check=loose rc why

	rc=$(cat "$1/rc" 2>/dev/null)
	why=$(sed -n 's/^skip //p' "$1/out")
	[ -n "$why" ] && { skip "$2$name" "$why"; return; }
	if [ "$rc" != 0 ] || [ ! -s "$1/json" ]; then
		not_ok "$2$name" "exit status ${rc:-none}" "$(tail -n 5 "$1/err")" "$(tail -n 2 "$1/out")"
		return
	fi
	[ "$name" = blocked ] && check=blocked
	python3 tests/live/truth.py $check "$1/json" "$1/out" "$2$name: " || failed=1
	if "$host_ctrace" report "$1/x.ctrace" -f json 2>&1 | cmp -s - "$1/json"; then
		ok "$2$name: the capture is explained the same on another machine"
	else
		not_ok "$2$name: the capture is explained the same on another machine"
	fi
}

# guest VERSION [amd64|arm64] [SUITE]: boots it and prints the results.
guest() {
	local pkg run label name="linux $1"

	if [ "${2:-amd64}" = amd64 ]; then
		native
	else
		name="$name $2"
		cross
		case $? in
		1) skip "$name" "$why"; return ;;
		2) not_ok "$name" "$why"; return ;;
		esac
	fi
	pkg=$(package "$1")
	[ -n "$pkg" ] || [ -z "${3:-}" ] || ! older "$3" || pkg=$(package "$1")
	[ -n "$pkg" ] || { skip "$name" "the package sources here have no kernel $1"; return; }
	fetch "$pkg" || { skip "$name" "$pkg cannot be fetched: $(tail -n 1 "$tmp/fetch")"; return; }
	initramfs "$pkg" || { not_ok "$name: the initramfs is made"; return; }
	if boot "$pkg"; then
		ok "$name: the guest runs to its end ($(cat "$tmp/found/end"))"
	else
		not_ok "$name: the guest runs to its end" "$(tail -n 60 "$tmp/console")"
	fi
	for run in "$tmp"/found/*/*/; do
		[ -d "$run" ] || continue
		run=${run%/}
		label=$(basename "$(dirname "$run")")
		judge_run "$run" "$name, $label: "
	done
	while read -r verdict what; do
		case $verdict in
		good) ok "$name: $what" ;;
		*) not_ok "$name: $what" "$(tail -n 20 "$tmp/console")" "$(head -n 5 "$tmp/found/dmesg")" ;;
		esac
	done < <(cat "$tmp/found/verdicts" 2>/dev/null)
}
