# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced: a throw-away machine with a distribution's stock kernel, under qemu.
#
#   machine_kernel FOLDER SUITE      fetches the newest cloud kernel of Debian's SUITE, once; prints its release
#   machine_root FOLDER [PACKAGE...] a minimal root file system of this machine's own release, made once, so
#                                    that programs built here find their libraries
#   machine_run FOLDER RELEASE JOB   boots that kernel on a copy of the root in memory, the folder JOB at /job,
#                                    runs /job/run.sh, prints its output, returns its exit status
#
# machine_architecture: of the kernel, in Debian's words; this machine's own unless it is set before.
# MACHINE_TIMEOUT: seconds until the machine is killed. KVM is used where it works, emulation otherwise; the job
# finds kvm or tcg in $machine_accelerator. No disk, no network: root, modules and job are one initial file
# system in memory, results come over a serial line.

. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/container.sh"

machine_memory=3072
: "${machine_architecture:=$(dpkg --print-architecture)}"

# The machine's own apt configuration, with another suite and lists of its own.
machine_apt() { # FOLDER COMMAND... with SUITE in $suite
	local folder=$1 command=$2
	shift 2
	"$command" -o Dir::Etc::SourceList="$folder/$suite.sources" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$folder/$suite.lists" -o Dir::Cache="$folder/$suite.cache" \
		-o APT::Architecture="$machine_architecture" -o APT::Architectures="$machine_architecture" \
		-o APT::Sandbox::User=root -o Debug::NoLocking=1 -qq "$@"
}

machine_sources() { # SUITE: this machine's first source of Debian itself, for another suite
	if [ -e /etc/apt/sources.list.d/debian.sources ]; then
		awk -v suite="$1" 'BEGIN { RS = ""; FS = OFS = "\n" } NR == 1 {
			sub(/(^|\n)Suites:[^\n]*/, "\nSuites: " suite)
			sub(/\nComponents:[^\n]*/, "\nComponents: main")
			print
		}' /etc/apt/sources.list.d/debian.sources
	else
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
			"$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list)" \
			"$1" /usr/share/keyrings/debian-archive-keyring.gpg
	fi
}

machine_kernel() {
	local folder=$1 suite=$2 package
	if [ ! -e "$folder/$suite.release" ]; then
		mkdir -p "$folder/$suite.lists/partial" "$folder/$suite.cache/archives/partial"
		machine_sources "$suite" >"$folder/$suite.sources"
		machine_apt "$folder" apt-get update >&2 || return
		package=$(machine_apt "$folder" apt-cache depends --important "linux-image-cloud-$machine_architecture" |
			sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
		[ -n "$package" ] || { echo "no kernel package in suite $suite" >&2; return 1; }
		rm -rf "${folder:?}/$suite.kernel"
		(cd "$folder/$suite.cache" && machine_apt "$folder" apt-get download "$package" >&2) || return
		dpkg-deb -x "$folder/$suite.cache/$package"_*.deb "$folder/$suite.kernel" || return
		rm -rf "${folder:?}/$suite.cache" "${folder:?}/$suite.lists"
		[ -e "$folder/$suite.kernel/lib" ] || ln -s usr/lib "$folder/$suite.kernel/lib"
		machine_modules "$folder" "$suite.kernel" "${package#linux-image-}" || return
		ln -sf "$suite.kernel/boot/vmlinuz-${package#linux-image-}" "$folder/vmlinuz-${package#linux-image-}"
		echo "${package#linux-image-}" >"$folder/$suite.release"
	fi
	cat "$folder/$suite.release"
}

machine_modules() { # FOLDER UNPACKED RELEASE: what a machine without devices needs, as an archive
	local from=$1/$2/lib/modules/$3 to=$1/$2/modules/usr/lib/modules/$3 part
	mkdir -p "$to"
	for part in net lib crypto arch/x86/crypto drivers/net/veth.ko drivers/net/dummy.ko drivers/net/tun.ko; do
		(cd "$from" && find . -path "./kernel/$part*" -name '*.ko*' | cpio -pdm --quiet "$to") || return
	done
	cp "$from"/modules.builtin* "$from/modules.order" "$to/"
	depmod -b "$1/$2/modules/usr" "$3" && machine_archive "$1/$2/modules" >"$1/modules-$3.cpio"
}

machine_archive() { # FOLDER: as the kernel unpacks it
	(cd "$1" && find . -mindepth 1 -print0 | cpio -o0 --quiet -H newc -R 0:0)
}

machine_root() {
	local folder=$1 suite sources
	shift
	[ "$(cat "$folder/root.packages" 2>/dev/null)" != "$*" ] || return 0
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
	rm -rf "${folder:?}/root"
	mkdir -p "$folder"
	mapfile -t sources < <(container_sources)
	mmdebstrap --quiet --variant=minbase --include="$(IFS=,; echo "kmod,iproute2,procps,python3${*:+,$*}")" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		"$suite" "$folder/root" "${sources[@]}" || return
	rm -rf "$folder/root"/var/lib/apt/lists/* "$folder/root"/var/cache/apt/*
	cat >"$folder/root/init" <<-'INIT'
		#!/bin/bash
		export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t devtmpfs dev /dev
		mkdir -p /dev/pts /dev/shm
		mount -t devpts devpts /dev/pts
		mount -t tmpfs shm /dev/shm
		mount -t tmpfs run /run
		mount -t cgroup2 cgroup /sys/fs/cgroup
		ln -s /proc/self/fd /dev/fd
		hostname machine
		ip link set lo up
		modprobe tun # its device node comes with it
		stty -F /dev/ttyS1 raw
		/job/run.sh </dev/null >/dev/ttyS1 2>&1
		echo "machine: status $?" >/dev/ttyS1
		sleep 0.2
		echo b >/proc/sysrq-trigger
		sleep 60
	INIT
	chmod 755 "$folder/root/init"
	(cd "$folder/root" && find . -mindepth 1 ! -path './dev/*' -print0 | cpio -o0 --quiet -H newc) >"$folder/root.cpio" || return
	rm -rf "${folder:?}/root"
	echo "$*" >"$folder/root.packages"
}

machine_qemu() { # KERNEL ACCELERATOR OPTION...: starts it; its process is $machine
	local kernel=$1 accelerator=$2 processor=host count=2
	shift 2
	# Emulated, the 6.12 kernel does not survive one instruction in qemu 7, and with two processors kernels now
	# and then hang or stop at an int3 while they patch their own code, as they do for each netfilter hook.
	[ "$accelerator" = kvm ] || processor=Nehalem,-cx16 count=1
	qemu-system-x86_64 -M q35 -accel "$accelerator" -cpu "$processor" -smp $count -m $machine_memory -no-reboot \
		-nodefaults -no-user-config -display none -kernel "$kernel" "$@" </dev/null >&2 &
	machine=$!
}

machine_wait() { # SECONDS: until it ends by itself; killed after that
	local i
	for ((i = 0; i < $1 * 5; i++)); do
		kill -0 "$machine" 2>/dev/null || { wait "$machine"; return; }
		sleep 0.2
	done
	kill -9 "$machine"
	wait "$machine" 2>/dev/null
	return 124
}

# Some hosts have a /dev/kvm that never executes anything: a kernel has to get as far as its panic.
machine_accelerator() { # KERNEL
	if [ -w /dev/kvm ] && machine_qemu "$1" kvm -append "panic=-1" 2>/dev/null && machine_wait 15 2>/dev/null; then
		echo kvm
	else
		echo tcg
	fi
}

machine_run() {
	local folder=$1 kernel=$1/vmlinuz-$2 job=$3 status
	[ -n "${machine_accelerator:-}" ] || machine_accelerator=$(machine_accelerator "$kernel")
	chmod +x "$job/run.sh"
	{
		cat "$folder/root.cpio" "$folder/modules-$2.cpio"
		(cd "$(dirname "$job")" && find "$(basename "$job")" -print0 | cpio -o0 --quiet -H newc -R 0:0)
	} >"$folder/initrd" || return
	machine_qemu "$kernel" "$machine_accelerator" -initrd "$folder/initrd" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off machine_accelerator=$machine_accelerator" \
		-serial "file:$folder/console" -serial "file:$folder/output"
	machine_wait "${MACHINE_TIMEOUT:-600}" || echo "machine: ended after ${MACHINE_TIMEOUT:-600} s"
	grep -v '^machine: status ' "$folder/output"
	status=$(sed -n 's/^machine: status //p' "$folder/output")
	[ -n "$status" ] || { tail -n 20 "$folder/console"; echo "the machine did not finish its job"; return 1; }
	return "$status"
}
