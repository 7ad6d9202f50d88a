# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced: a freshly booted systemd in a throw-away container.
#
#   container_root FOLDER          a minimal root file system in FOLDER/root, made once
#   container_run FOLDER JOB       boots it on an overlay, runs JOB/run.sh inside as /job/run.sh with the
#                                  folder at /job, prints its output, returns its exit status; with
#                                  CONTAINER_SECCOMP=no its processes are not under a filter of nspawn's

container_sources() { # the file that says where this machine gets Debian from, if one does
	local file
	for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/*debian*.sources /etc/apt/sources.list; do
		if [ -f "$file" ] && grep -qE '^(URIs:|deb )' "$file"; then
			echo "$file"
			return
		fi
	done
}

container_root() { # by one at a time
	mkdir -p "$1"
	(flock 9 && container_make "$1") 9>"$1/lock"
}

container_packages=systemd,systemd-sysv,dbus,nftables,iproute2,procps,libnftnl11,libmnl0,libseccomp2,libinih1,libjansson4,libhyperscan5,libhtp2,libpcre2-8-0,libexpat1,zlib1g,libbrotli1,libpcap0.8,rpm

container_make() {
	local folder=$1 sources
	[ "$(cat "$folder/packages" 2>/dev/null)" != "$container_packages" ] || return 0
	rm -rf "${folder:?}/root" # of an attempt that failed, or with other packages
	local suite
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
	mapfile -t sources < <(container_sources)
	mmdebstrap --quiet --variant=minbase \
		--include="$container_packages" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"$suite" "$folder/root" "${sources[@]}" || return
	cat >"$folder/root/etc/systemd/system/job.service" <<-'UNIT'
		[Unit]
		After=multi-user.target dbus.service
		[Service]
		Type=oneshot
		ExecStart=/bin/sh -c '/job/run.sh >/job/output 2>&1; echo $? >/job/status; systemctl --no-block exit 0'
		[Install]
		WantedBy=default.target
	UNIT
	mkdir -p "$folder/root/etc/systemd/system/default.target.wants"
	ln -sf ../job.service "$folder/root/etc/systemd/system/default.target.wants/job.service"
	echo container >"$folder/root/etc/hostname"
	echo "$container_packages" >"$folder/packages"
}

# nspawn without a systemd as init of the machine: a control group of its own in every hierarchy it reads.
container_cgroups() { # make|enter|remove NAME
	local hierarchy
	for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
		[ -d "$hierarchy" ] && [ ! -d /run/systemd/system ] || continue
		case $1 in
		make) mkdir -p "$hierarchy/$2" ;;
		enter) echo "$BASHPID" >"$hierarchy/$2/cgroup.procs" ;;
		remove) # and what a container leaves that did not end in time
			[ ! -e "$hierarchy/$2/cgroup.kill" ] || echo 1 >"$hierarchy/$2/cgroup.kill"
			find "$hierarchy/$2" -depth -type d -exec rmdir {} \; 2>/dev/null
			;;
		esac
	done
}

container_run() {
	local folder=$1 job=$2 name=vpatch-test-$$
	rm -f "$job/output" "$job/status"
	chmod +x "$job/run.sh"
	container_cgroups make "$name"
	(
		container_cgroups enter "$name"
		[ "${CONTAINER_SECCOMP:-}" != no ] || export SYSTEMD_SECCOMP=0
		SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec timeout -k 5 "${CONTAINER_TIMEOUT:-120}" systemd-nspawn -q -M "$name" \
			--register=no --keep-unit --boot -D "$folder/root" --bind="$job:/job" --private-network \
			--volatile=overlay --console=read-only </dev/null >"$job/console" 2>&1
	)
	container_cgroups remove "$name"
	[ -f "$job/status" ] || { tail -n 20 "$job/console"; echo "the container did not finish its job"; return 1; }
	cat "$job/output"
	return "$(cat "$job/status")"
}
