#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The job of 474-systemd, inside the booted container.
set -u
. /job/sandbox.sh
work=/tmp/work passed=0 failed=0
mkdir -p "$work"
ip link set lo up
full=$(cat /job/full)

cp -a /job/install/usr/. /usr/
cp /job/install/lib/systemd/system/* /usr/lib/systemd/system/
config=$(find /job/install -name vpatchd.conf -printf '/%P\n')
mkdir -p "${config%/*}"
# wherever else the build would have it; drop-ins (489) would do after a restart what filters are looked for here
printf '%s\n' '[vpatchd]' 'state = /var/lib/vpatch' 'dropins = no' >"$config"
policy=${config%/*}/policy.d
mkdir -p "$policy"
cp /job/web /usr/bin/web
PATH=/usr/local/sbin:/usr/local/bin:$PATH
systemd-sysusers
systemd-tmpfiles --create

# Services

declare -A port=()
next=4001
service() { # NAME WORDS-OF-WEB [LINE-OF-THE-UNIT...]
	local name=$1 words=$2
	shift 2
	port[$name]=$((next++))
	printf '%s\n' "[Unit]" "StartLimitIntervalSec=0" "[Service]" "Type=exec" "ExecStart=/usr/bin/web serve ${port[$name]} $words" "Restart=on-failure" "$@" \
		>"/etc/systemd/system/web-$name.service"
}
service plain ""
listed="SystemCallFilter=@system-service SystemCallFilter=~seccomp" # as it is in systemd 252; later ones have seccomp in it
service listed "" $listed
service listed-user "" $listed User=nobody
service refusing "" SystemCallFilter=~seccomp SystemCallErrorNumber=EPERM
service neither "" "SystemCallFilter=~seccomp prctl"
service user "" User=nobody NoNewPrivileges=no
service trusting "" User=nobody NoNewPrivileges=no
service dynamic "" DynamicUser=yes
service private "" User=nobody PrivateUsers=yes PrivateTmp=yes PrivateDevices=yes PrivateMounts=yes PrivateIPC=yes \
	ProtectSystem=strict ProtectHome=yes ProtectProc=invisible ProcSubset=pid ProtectClock=yes ProtectHostname=yes \
	ProtectKernelTunables=yes ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes \
	RestrictNamespaces=yes RestrictRealtime=yes RestrictSUIDSGID=yes LockPersonality=yes MemoryDenyWriteExecute=yes \
	RestrictAddressFamilies=AF_INET SystemCallArchitectures=native CapabilityBoundingSet= Delegate=yes
service root-private "" PrivateUsers=yes ProtectSystem=strict PrivateDevices=yes
service forking "forks /run/web.pid" Type=forking PIDFile=/run/web.pid
service drops drops
service drops-trusting drops
service rings rings User=nobody NoNewPrivileges=yes
service @7 ""
service slow "" StandardInput=file:/run/slow # systemd waits for a writer before it executes the program
mkfifo /run/slow
mv /etc/systemd/system/web-@7.service /etc/systemd/system/web-@.service
slow_port=${port[slow]}
unset 'port[slow]' # started further below
names=("${!port[@]}")
systemctl daemon-reload
unlogged() { # NAME: status says that what is denied there is not logged
	perl -0777 -ne 'BEGIN { $pid = shift } exit !/\{[^{}]*"pid": $pid,[^{}]*"logged": false[^{}]*\}/' "${pid[$1]}" "$work/status.json"
}

ask() { web ask "${port[$1]}" "$2"; } # NAME WORD
answers() { # NAME WORD ANSWER
	local answer
	answer=$(ask "$1" "$2")
	echo "$1: $answer"
	[ "$answer" = "$3" ]
}
soon() { # COMMAND...: within ten seconds
	for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
	"$@"
}
look() { # $work/covers: what status says of each process
	vpatchctl status --json >"$work/status.json"
	perl /job/covers "$work/status.json" | cut -d' ' -f1,3- | sed 's/ *$//' >"$work/covers"
}
cover() { # PID TEXT: when it was looked last
	grep "^$1 " "$work/covers"
	grep -qxF "$1 $2" "$work/covers"
}
first_denied() { # NAME: in the third of its starts at the latest: the hook lets go where the machine is too slow
	local try
	for try in 1 2 3; do
		soon ask "$1" first >/dev/null
		answers "$1" first "denied, errno 18" && return
		echo "        $1: start $try was not covered from its first instruction" >&3
		systemctl restart "web-$1"
	done
	return 1
}
exec 3>&1
cover_now() { look; cover "$@"; }
main_pid() { systemctl show -P MainPID "web-$1.service"; }
state_of() { systemctl show -p Id -p MainPID -p NRestarts -p ActiveState "${names[@]/#/web-}"; }
quiet_of_container="denied system calls are" # that they are not reported where there is no CAP_AUDIT_READ
quiet() { # the journal has no complaint
	journalctl -q --no-pager -o short -p warning -u 'vpatch*' | grep -v "$quiet_of_container" >"$work/complaints"
	journalctl -q --no-pager -o cat _PID=1 | grep vpatch | grep -v 'Consumed .* CPU time' |
		grep -iE 'fail|kill|time|ignor|refus|unknown|invalid' >>"$work/complaints"
	cat "$work/complaints"
	[ ! -s "$work/complaints" ]
}
definition() { # FILE ID CALL ERRNO: of all the services
	local units
	units=$(printf 'web-%s.service, ' slow "${names[@]}" | sed 's/web-@7/web-@/')
	cat >"$policy/$1.vpatch" <<-DEFINITION
		[patch]
		id = $2
		title = a call that nobody needs
		severity = high
		mode = enforce
		[syscalls careful]
		unit = $(sed -E 's/web-[a-z-]*trusting.service, //g; s/, $//' <<<"$units")
		deny = $3
		action = errno $4
		[syscalls trusting]
		unit = web-trusting.service, web-drops-trusting.service
		deny = $3
		action = errno $4
		no-new-privileges = allow
		[sample denied]
		syscalls = careful
		expect = denied
		call = $3(policy = 0)
		[sample allowed]
		syscalls = careful
		expect = allowed
		call = getpid
		[sample denied-too]
		syscalls = trusting
		expect = denied
		call = $3(policy = 0)
		[sample allowed-too]
		syscalls = trusting
		expect = allowed
		call = getpid
	DEFINITION
}

# Without vpatch
check "no filter is on systemd itself" grep -q "^Seccomp:.0" /proc/1/status
systemctl start "${names[@]/#/web-}"
for name in "${names[@]}"; do soon ask "$name" pid >/dev/null; done
check "control: seccomp works in a service" systemd-run -q --wait /usr/bin/web seccomp
refuse "control: under @system-service it kills" systemd-run -q --wait -p SystemCallFilter=@system-service -p SystemCallFilter=~seccomp /usr/bin/web seccomp
for name in "${names[@]}"; do check "control: $name: the call works" answers "$name" one works; done
state_of >"$work/before"
declare -A pid=()
for name in "${names[@]}"; do pid[$name]=$(main_pid "$name"); done

# Put on while the services run and answer
web load "${port[@]}" >"$work/load" & load=$!
definition one CVE-2000-0001 sched_get_priority_max EXDEV
systemctl start vpatchd
check "vpatchd is started by its unit" systemctl is-active vpatchd.service
check "with the socket of the helper" systemctl is-active vpatchd-inject.socket
tried() { look && grep -q "^${pid[user]} " "$work/covers" && ! grep pending "$work/covers"; }
check "all are tried within ten seconds" soon tried
refuse "status is not good: some are not covered" vpatchctl status

privilege="it has neither CAP_SYS_ADMIN nor no_new_privs: no-new-privileges = allow, in [override ID] or the definition, lets the latter be set"
filtered="a filter that it has does not allow one to be added: its unit has to allow seccomp or prctl (SystemCallFilter=)"
rings="it uses io_uring, or what it has open cannot be seen: no filter sees what rings do"
for name in plain listed listed-user refusing trusting dynamic private root-private forking @7; do
	check "$name: covered" cover "${pid[$name]}" "covered false"
	check "$name: it is denied, in all threads" answers $name one "denied in 5 of 5, errno 18"
	check "$name: other calls work" answers $name two works
done
for name in listed listed-user refusing; do check "$name: by prctl, so what is denied is not logged, which is said" unlogged $name; done
refuse "plain: it is logged" unlogged plain
check "rings: covered in part, and why" cover "${pid[rings]}" "partial false $rings"
check "rings: it is denied" answers rings one "denied in 5 of 5, errno 18"
check "user: refused without no-new-privileges = allow" cover "${pid[user]}" "refused false $privilege"
check "user: the call works" answers user one works
check "user: is not given no_new_privs" grep -q "^NoNewPrivs:.0" "/proc/${pid[user]}/status"
check "trusting: is given it" grep -q "^NoNewPrivs:.1" "/proc/${pid[trusting]}/status"
check "neither: refused, the filter that it has kills both ways" cover "${pid[neither]}" "refused false $filtered"
check "neither: the call works" answers neither one works
check "status says so to people" sh -c 'vpatchctl status | grep -A1 "web-neither.service: 0 covered" | grep "does not allow one"'
worker=$(ask drops pid)
check "drops: the first process is covered" cover "${pid[drops]}" "covered false"
check "drops: its worker without privileges is not" cover "$worker" "refused false $privilege"
check "drops: the call works" answers drops one works
check "drops-trusting: the first process is covered" cover "${pid[drops-trusting]}" "covered false"
check "drops-trusting: its worker too" cover "$(ask drops-trusting pid)" "covered false"
check "drops-trusting: it is denied" answers drops-trusting one "denied in 5 of 5, errno 18"

# A second patch, on what has the first one's filter
definition two CVE-2000-0002 sched_get_priority_min ENOSYS
systemctl reload vpatchd
for name in plain listed listed-user refusing private trusting drops-trusting; do
	check "$name: a second patch is put on" soon answers $name two "denied in 5 of 5, errno 38"
	check "$name: the first one stays" answers $name one "denied in 5 of 5, errno 18"
done
kill $load
check "every request was answered meanwhile" wait $load
echo "        $(tail -n 1 "$work/load")"
state_of >"$work/after"
check "no service was started anew" diff "$work/before" "$work/after"
check "the journal has no complaint" quiet
check "nor a line of the manager's for each injection" eval '[ $(journalctl -q --no-pager -o cat _PID=1 | grep -c "vpatchd-inject@") = 0 ]'

# What comes of a process that is covered, and services started anew
kill "$worker"
next_worker() { local now; now=$(ask drops pid) && [ "$now" != "$worker" ] && cover_now "$now" "covered true"; }
check "drops: the next worker has the filter of the first process" soon next_worker
check "drops: it is denied" answers drops one "denied in 5 of 5, errno 18"
restarted=(plain listed-user private forking drops @7 neither)
for name in "${restarted[@]}"; do check "control: $name: made the call first" answers $name first works; done
systemctl restart "${restarted[@]/#/web-}"
for name in plain listed-user private forking drops @7; do
	check "$name: started anew, it is denied its first call" first_denied $name
	check "$name: and all others, in all threads" answers $name one "denied in 5 of 5, errno 18"
	check "$name: covered" soon eval 'cover_now "$(main_pid $name)" "covered false" || cover "$(main_pid $name)" "covered true"'
done
if [ -n "$full" ]; then # nothing else is busy then: no start may get by
	each_first_denied() {
		local i name
		for ((i = 0; i < 100; i++)); do
			systemctl restart web-plain web-private web-forking || return
			for name in plain private forking; do
				soon ask $name first >/dev/null
				answers $name first "denied, errno 18" >"$work/first" && continue
				echo "start $i of $name:" $(cat "$work/first")
				sleep 3 # until what was heard of it is told
				vpatchctl events | grep "web-$name" | tail -n 5
				journalctl --no-pager -n 20 -u vpatchd-hook
				return 1
			done
		done
	}
	check "100 restarts of three services: no first call gets by" each_first_denied
fi
check "neither: a restart changes nothing" soon cover_now "$(main_pid neither)" "refused false $filtered"

# A service that its manager has forked and not executed yet
systemctl start --no-block web-slow
slow_pid() { cat /sys/fs/cgroup/system.slice/web-slow.service/cgroup.procs; }
check "slow: systemd waits for its input" soon eval '[ -n "$(slow_pid)" ]'
slow=$(slow_pid)
sleep 5 # the keeper looks every two
check "slow: what systemd does for it is left alone" grep "^Seccomp:.0" "/proc/$slow/status"
check "control: it is still systemd's" eval '[ "$(readlink /proc/$slow/exe)" = "$(readlink /proc/1/exe)" ]'
check "slow: nor is it listed" eval 'look && ! grep "^$slow " "$work/covers"'
for name in systemd-executor other; do # since version 254 systemd executes the first of these before it executes the program
	cp /bin/sleep "$work/$name"
	"$work/$name" 60 & echo $! >"$work/$name.pid"
	cp "$work/$name.pid" /sys/fs/cgroup/system.slice/web-plain.service/cgroup.procs
done
check "control: a process that comes to a unit by another way has the filter" soon grep "^Seccomp:.2" "/proc/$(cat "$work/other.pid")/status"
check "systemd-executor, on its way to a program, has not" grep "^Seccomp:.0" "/proc/$(cat "$work/systemd-executor.pid")/status"
kill $(cat "$work/other.pid" "$work/systemd-executor.pid")
exec 9<>/run/slow
port[slow]=$slow_port
check "slow: it is denied its first call" first_denied slow
check "slow: covered" soon cover_now "$slow" "covered false"

# vpatchd stopped, started, killed
filters() { for name in trusting listed @7; do echo "$name $(grep Seccomp_filters "/proc/$(main_pid $name)/status")"; done; }
filters >"$work/filters"
systemctl restart vpatchd
check "after a restart of vpatchd all is as it was" soon cover_now "${pid[listed]}" "covered false"
check "and the socket is there" systemctl is-active vpatchd-inject.socket
systemctl stop vpatchd
check "a stopped vpatchd: its socket is gone" eval '! systemctl is-active vpatchd-inject.socket && [ ! -e /run/vpatch/inject.sock ]'
check "the filters stay" answers listed one "denied in 5 of 5, errno 18"
systemctl restart web-plain
check "a service started meanwhile is covered all the same" first_denied plain
systemctl stop vpatchd-hook.socket vpatchd-hook
systemctl restart web-@7
check "control: not where the exec hook is stopped too" soon answers @7 one works
systemctl start vpatchd
check "started again vpatchd covers it" soon cover_now "$(main_pid @7)" "covered false"
sed -i 's/^@7.*/@7 Seccomp_filters:\t1/' "$work/filters" # of both patches, together
check "and no process has a filter twice" diff "$work/filters" <(filters)
check "the journal has no complaint" quiet
hook_pid() { systemctl show -P MainPID vpatchd-hook; }
check "the exec hook is there again" soon eval '[ "$(hook_pid)" != 0 ]'
took() { # NAME: milliseconds until it answers, started anew
	local began=${EPOCHREALTIME/./}
	systemctl restart "web-$1" && soon ask "$1" pid >/dev/null || return
	echo $(((${EPOCHREALTIME/./} - began) / 1000))
}
started() { # NAME: started anew, not a second later than it usually is on a machine as busy as this one
	local now
	now=$(took "$1") || return
	echo "$now ms, usually $usual ms"
	[ "$now" -lt $((1000 + usual)) ]
}
usual=$(took plain)
kill -STOP "$(hook_pid)"
check "a stopped exec hook does not hold up a service" started plain
check "which is covered all the same" soon answers plain one "denied in 5 of 5, errno 18"
kill -CONT "$(hook_pid)"
for i in $(seq 8); do soon eval '[ "$(hook_pid)" != 0 ]'; kill -9 "$(hook_pid)"; done
check "a killed exec hook does not hold up a service" started plain
check "which is covered all the same" soon answers plain one "denied in 5 of 5, errno 18"
check "the exec hook is started again, however often" soon eval 'systemctl is-active vpatchd-hook && [ "$(hook_pid)" != 0 ]'
systemctl restart web-plain
check "and denies first calls again" first_denied plain
vpatchctl events >"$work/events"
check "starts are told of" grep -q "a start of web-plain.service: 1 covered" "$work/events"
refuse "but not of services that were not started, or not covered" \
	grep -E "a start of web-(trusting|dynamic|root-private|rings|refusing|listed|drops-trusting).service|web-neither.service: 1 cov" "$work/events"
kill -9 "$(systemctl show -P MainPID vpatchd)"
systemctl restart web-plain
check "killed, vpatchd is started again, and goes on" soon cover_now "$(main_pid plain)" "covered false"
check "the call is denied" answers plain one "denied in 5 of 5, errno 18"

# The helper
helper=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/vpatchd-inject@.service)
check "a helper that may not see descriptors does not say that there are no rings" \
	sh -c "setpriv --bounding-set=-dac_override,-dac_read_search /job/inject ${pid[user]} privs helper=$helper | grep '^0: partial reason=1 '"
check "many connections" web knock 300 /run/vpatch/inject.sock
check "do not end the socket" systemctl is-active vpatchd-inject.socket

# Panic
refuse "panic: what stays makes the difference" sh -c 'vpatchctl panic >/tmp/panic 2>&1'
check "and is named" grep -E "web-listed.service.*\b${pid[listed]}\b" /tmp/panic
panicked() { vpatchctl status | grep -q '^panic: nothing is shielded' && systemctl is-active vpatchd; }
check "vpatchd is started again, with the marker" soon panicked
check "the filters stay" answers listed one "denied in 5 of 5, errno 18"
systemctl restart web-listed
soon ask listed pid >/dev/null
sleep 2.5 # the keeper looks every two
check "until a restart: nothing is put on" answers listed one works

[ "$failed" = 0 ] || { vpatchctl status; vpatchctl events | tail -n 30; journalctl --no-pager -n 60; }
finish
