# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the system tests: a private network namespace with a whole agent in a folder.
#
#   sandbox BUILD "$@"       re-runs the calling script inside its own network and mount namespace and sets
#                            $build $top $work (a fresh folder, removed at the end) $policy $overrides
#   daemon_start / daemon_stop / daemon_kill       the real vpatchd; $daemon is its pid
#   ctl VERB ...             vpatchctl with this agent's configuration
#   peer NAME                another network namespace, joined to this one by a veth pair; in_peer NAME COMMAND
#   counter ID               packets counted for a patch
#   soon COMMAND...          waits for it to succeed, 20 seconds at most: also where a hundred others want the processor
#   listening tcp|udp PORT [PEER]                  somebody does; for soon
#   check TEXT COMMAND...    one line of the test: passes when the command succeeds
#   refuse TEXT COMMAND...   passes when the command fails
#   finish                   prints the sum; exit 1 when anything failed

sandbox() {
	build=$(readlink -f "$1")
	top=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
	if [ -z "${VPATCH_SANDBOX:-}" ]; then
		[ "$(id -u)" = 0 ] || { echo "needs root (or a user namespace with root in it)"; exit 77; }
		# under nohup(1) it is ignored by whoever is started, and a shell cannot trap what it came with ignored
		exec env --default-signal=HUP VPATCH_SANDBOX=1 unshare --net --mount --pid --fork --mount-proc --kill-child "$0" "$@"
	fi
	work=$(mktemp -d /tmp/vpatch-test.XXXXXX)
	trap sandbox_end EXIT
	policy=$work/policy.d overrides=$work/overrides.d
	mkdir -p "$policy" "$overrides" "$work/state" "$work/run" "$work/systemd"
	cat >"$work/vpatchd.conf" <<-CONF
		[vpatchd]
		policy = $policy
		overrides = $overrides
		state = $work/state
		run = $work/run
		reporter = $build/vpatchd-events
		socket = $work/run/control.sock
		syslog-socket = $work/log.sock
		dropins-folder = $work/systemd
	CONF
	mount -t tmpfs -o mode=755 tmpfs "$work/run" # in memory, as /run is: inspection counts in files there
	ip link set lo up
	PATH=$build:$build/tests/harness:$top/tests/harness:$PATH
	passed=0 failed=0 daemon=
}

sandbox_end() {
	local status=$?
	[ -z "$daemon" ] || daemon_kill 2>/dev/null
	[ $status = 0 ] || { echo "--- daemon's output"; tail -n 30 "$work/daemon.log" 2>/dev/null; }
	umount --lazy "$work/run" 2>/dev/null
	while umount --lazy "$work/state" 2>/dev/null; do :; done # however many a test has put there
	rm -rf "$work"
}

daemon_start() {
	vpatchd --config "$work/vpatchd.conf" >>"$work/daemon.log" 2>&1 &
	daemon=$!
	local i
	for i in $(seq 400); do
		ctl status >/dev/null 2>&1
		[ $? != 3 ] && return 0
		kill -0 "$daemon" 2>/dev/null || break
		sleep 0.02
	done
	echo "vpatchd did not start:"
	tail -n 20 "$work/daemon.log"
	return 1
}

daemon_stop() {
	kill "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

daemon_kill() {
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	daemon=
}

ctl() { vpatchctl --config "$work/vpatchd.conf" "$@"; }

# peer NAME OUR-IPV4/LEN PEER-IPV4/LEN OUR-IPV6/LEN PEER-IPV6/LEN: the link is called NAME here and eth0 there
peer() {
	unshare --net sleep infinity &
	eval "peer_$1=$!"
	local pid=$! i
	for i in $(seq 100); do
		[ "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)" ] && break
		sleep 0.01
	done
	ip link add "$1" type veth peer name eth0 netns "$pid"
	ip address add "$2" dev "$1"
	ip address add "$4" dev "$1" nodad
	ip link set "$1" up
	in_peer "$1" ip link set lo up
	in_peer "$1" ip address add "$3" dev eth0
	in_peer "$1" ip address add "$5" dev eth0 nodad
	in_peer "$1" ip link set eth0 up
	in_peer "$1" ip route add default via "${2%/*}"
	in_peer "$1" ip -6 route add default via "${4%/*}"
	sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	for i in $(seq 200); do # until the link carries traffic
		in_peer "$1" ping -q -c 1 -W 1 "${2%/*}" >/dev/null 2>&1 &&
			in_peer "$1" ping -q -c 1 -W 1 "${4%/*}" >/dev/null 2>&1 && ping -q -c 1 -W 1 "${5%/*}" >/dev/null 2>&1 && break
		sleep 0.02
	done
}

in_peer() {
	local pid=peer_$1
	shift
	nsenter --net="/proc/${!pid}/ns/net" "$@"
}

soon() { # one word is evaluated, several are a command
	local until=$((SECONDS + 20)) try=("$@")
	[ $# -gt 1 ] || try=(eval "$1")
	until "${try[@]}" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { "${try[@]}"; return; }
		sleep 0.03
	done
}

listening() {
	local pid=self
	[ -z "${3:-}" ] || eval "pid=\$peer_$3"
	grep -qE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$2") 0+:0000 0[A7]" "/proc/$pid/net/$1" "/proc/$pid/net/${1}6"
}

counter() {
	ctl status "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["patches"][0]["packets"])'
}

check() {
	local text=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		echo "ok      $text"
		passed=$((passed + 1))
	else
		echo "NOT OK  $text"
		sed 's/^/        /' "$work/output"
		failed=$((failed + 1))
	fi
}

refuse() {
	local text=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		echo "NOT OK  $text"
		sed 's/^/        /' "$work/output"
		failed=$((failed + 1))
	else
		echo "ok      $text"
		passed=$((passed + 1))
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}
