# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced behind sandbox.sh by the tests of long and many connections: two web services behind inspection, of
# tests/harness/soak, seen from another network namespace.
#
#   soak_policy MODE [WORD]      services 7000 (class pass) and 7001 (class block); WORD: one more that is stopped
#   soak_begin                   servers, the peer, vpatchd
#   seen PORT NAME               what the server counts: connections, requests, attacks, bytes
#   load ARGUMENTS...            soak's client at the peer
#   pids                         "worker PID" and "writer PID" of each class, and "vpatchd PID"
#   resident                     the same with KiB that are resident; the ring that the two share, which is touched
#                                piece by piece, is not in it
#   queued / waiting / dropped   packets of all queues
#   told                         reasons of hits, and what the daemon has said
#   soon COMMAND                 succeeds within 10 seconds

soak_policy() {
	local port failure
	for port in 7000 7001; do
		failure=pass
		[ $port = 7000 ] || failure=block
		cat >"$policy/$port.vpatch" <<-PATCH
			[patch]
			id         = SERVICE-$port
			title      = A path, and a word in a body
			severity   = high
			on-failure = $failure
			mode       = $1

			[service target]
			ports       = tcp/$port
			application = http

			[rule path]
			service = target
			when    = http.path starts-with "/attack"
			action  = drop

			[rule form]
			service = target
			when    = http.path equals "/form"
			when    = http.request_body contains "evil"
			action  = drop

			[rule word]
			service = target
			when    = http.query(word) equals "${2:-word}"
			action  = drop

			[sample path]
			rule   = path
			expect = blocked
			send   = "GET /attack HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"

			[sample form]
			rule   = form
			expect = blocked
			send   = "POST /form HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 4\\r\\n\\r\\nevil"

			[sample word]
			rule   = word
			expect = blocked
			send   = "GET /?word=${2:-word} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"

			[sample page]
			service = target
			expect  = passed
			send    = "GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"
		PATCH
	done
}

soon() {
	local i
	for i in $(seq 500); do
		eval "$*" && return 0
		sleep 0.02
	done
	return 1
}

soak_begin() {
	local port
	peer outside 10.61.1.1/24 10.61.1.2/24 fd61:1::1/64 fd61:1::2/64
	in_peer outside sysctl -qw net.ipv4.tcp_tw_reuse=1 net.ipv4.ip_local_port_range="1024 65535"
	for port in 7000 7001; do
		soak serve $port >"$work/counts.$port" &
		eval "server_$port=$!"
		: >"$work/counts.$port"
	done
	check "the servers listen" soon "ss -Hltn | grep -c ':7000\|:7001' | grep -q 2"
	# connections that have ended need not be known for as long as they would be among others
	sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=5 net.netfilter.nf_conntrack_tcp_timeout_close=2 \
		net.netfilter.nf_conntrack_tcp_timeout_last_ack=5 2>/dev/null
	# who is late because the machine is busy is not what these tests are about
	echo "inspection-deadline = 2000" >>"$work/vpatchd.conf"
	# nobody reads syslog here: messages kept for a receiver that is away would look like growth
	sed -i 's/^syslog-socket = .*/syslog-socket = none/' "$work/vpatchd.conf"
	check "the daemon starts" daemon_start
	check "and inspects" soon inspecting
	[ "$failed" = 0 ] || finish
}

status_of() { ctl status --json | python3 -c 'import json,sys; d=json.load(sys.stdin)["inspection"]; print(eval(sys.argv[1]))' "$1"; }
inspecting() { # [PAIRS]
	[ "$(status_of "all(p['state'] == 'running' for p in d['processes']) and len(d['processes'])" 2>/dev/null)" = "${1:-2}" ]
}

seen() {
	local pid=server_$1 lines
	lines=$(wc -l <"$work/counts.$1")
	kill -USR1 "${!pid}"
	soon '[ "$(wc -l <"$work/counts.'"$1"'")" -gt '"$lines ]"
	tail -n 1 "$work/counts.$1" | sed "s/.*\b$2=\([0-9]*\).*/\1/"
}

load() { in_peer outside soak "$@"; }

pids() {
	status_of "'\n'.join('%s-%s %d' % (p['class'], w, p[w]) for p in d['processes'] for w in ('worker', 'writer'))"
	echo "vpatchd $daemon"
}

resident() {
	local name pid
	pids | while read -r name pid; do
		echo "$name $(awk '/^VmRSS/ { n += $2 } /^RssShmem/ { n -= $2 } END { print n }' "/proc/$pid/status")"
	done
}

grown() { # FILE FILE PERCENT KiB: no process has more than that and so much more than before
	paste "$1" "$2" | awk -v percent="$3" -v more="$4" '
		{ print "        " $1 ": " $2 " KiB, then " $4 }
		$4 > $2 * (1 + percent / 100) + more { grown = 1 }
		END { exit !grown }'
}

queued() { awk '{ n += $8 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue; }
waiting() { awk '{ n += $3 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue; }
dropped() { awk '{ n += $6 + $7 } END { print n + 0 }' /proc/net/netfilter/nfnetlink_queue; }

told() {
	echo "        $(status_of "d['counts'], d['unread'], 'invalid', d['invalid'], 'overruns', d['overruns']")"
	ctl events --json | grep -v '"event": *"blocked"' | tail -n 20
}
