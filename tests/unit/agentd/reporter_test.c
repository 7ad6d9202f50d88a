/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real vpatchd-events, confined, with real nftables log rules and packets,
 * and real connections to end: in a network namespace of the test's own. Without
 * namespaces or nft the test is skipped (exit 77).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/netfilter.h>

#include <cmocka.h>

#include "agentd/reporter.h"
#include "agentd/reset.h"
#include "agentd/sandbox.h"
#include "lib/cleanup.h"
#include "lib/memory.h"

#define GROUP 77

static bool is_root;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

/* A network namespace in which we may do everything. */
static bool enter_namespace(void)
{
	char map[64];
	unsigned int uid = geteuid();

	is_root = !uid;
	if (is_root)
		return !unshare(CLONE_NEWNET);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
	return true;
}

static void rules(const char *text)
{
	FILE *nft;

	assert_int_equal(system("nft flush ruleset"), 0);
	nft = popen("nft -f -", "w");
	assert_non_null(nft);
	fprintf(nft, "table inet t { chain i { type filter hook input priority 0; %s;\n}\n}\n",
		text);
	assert_int_equal(pclose(nft), 0);
}

static struct vp_reporter *start(void)
{
	struct vp_reporter_options options = { .executable = getenv("VPATCHD_EVENTS"),
					       .group = GROUP };
	struct vp_reporter *reporter = NULL;
	struct vp_error err = { 0 };

	if (!options.executable)
		options.executable = "./vpatchd-events";
	if (vp_reporter_start(&reporter, &options, &err))
		fail_msg("%s", err.text);
	return reporter;
}

/* The next record within `milliseconds`. */
static bool next(struct vp_reporter *reporter, struct vp_report *report, int milliseconds)
{
	struct timespec now;
	int64_t end = 0, at;

	for (;;) {
		struct pollfd fd = { .fd = vp_reporter_fd(reporter), .events = POLLIN };

		if (vp_reporter_read(reporter, report) > 0)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
		at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
		end = end ? end : at + milliseconds;
		if (at >= end || vp_reporter_fd(reporter) < 0)
			return false;
		poll(&fd, 1, (int)(end - at));
	}
}

static void send_udp(const char *address, uint16_t port, unsigned int count)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool v4 = inet_pton(AF_INET, address, &to4.sin_addr) == 1;
	_cleanup_close_ int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
	struct mmsghdr messages[64] = { 0 };
	struct iovec iov = { (char[]){ "payload" }, 7 };

	assert_true(v4 || inet_pton(AF_INET6, address, &to6.sin6_addr) == 1);
	assert_int_equal(
		connect(fd, v4 ? (void *)&to4 : (void *)&to6, v4 ? sizeof(to4) : sizeof(to6)),
		0);
	for (size_t i = 0; i < VP_COUNT(messages); i++) {
		messages[i].msg_hdr.msg_iov = &iov;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (count) {
		int sent = sendmmsg(fd, messages, count < 64 ? count : 64, 0);

		assert_true(sent > 0);
		count -= (unsigned int)sent;
	}
}

static void record_arrives(void **state)
{
	struct vp_reporter *reporter = *state;
	struct vp_report report;

	rules("udp dport 9999 meta mark set 0x1234abcd log prefix \"vpatch:drop\" group 77;"
	      "udp dport 9999 drop;"
	      "udp dport 9998 log prefix \"vpatch:monitor:0000beef\" group 77");
	send_udp("127.0.0.1", 9999, 1);
	assert_true(next(reporter, &report, 3000));
	assert_int_equal(report.kind, VP_REPORT_DROP);
	assert_int_equal(report.tag, 0x1234abcd);
	assert_int_equal(report.family, 4);
	assert_int_equal(report.protocol, 17);
	assert_int_equal(report.hook, NF_INET_LOCAL_IN);
	assert_int_equal(report.destination_port, 9999);
	assert_int_equal(report.source[0], 127);
	assert_int_equal(report.in_interface, 1);
	assert_true(report.time > UINT64_C(1700000000000000));
	send_udp("::1", 9998, 1);
	assert_true(next(reporter, &report, 3000));
	assert_int_equal(report.kind, VP_REPORT_MONITOR);
	assert_int_equal(report.tag, 0xbeef);
	assert_int_equal(report.family, 6);
	assert_false(next(reporter, &report, 200));
	assert_int_equal(vp_reporter_state(reporter).delivered, 2);
}

static void nothing_without_log_rule(void **state)
{
	struct vp_reporter *reporter = *state;
	struct vp_report report;

	rules("udp dport 9999 meta mark set 0x1234abcd drop");
	send_udp("127.0.0.1", 9999, 10);
	assert_false(next(reporter, &report, 500));
}

/* Somebody else's rule in our group makes no records, but is counted. */
static void foreign_packets(void **state)
{
	struct vp_reporter *reporter = *state;
	struct vp_report report;

	rules("udp dport 9999 meta mark set 7 log prefix \"other\" group 77");
	send_udp("127.0.0.1", 9999, 5);
	assert_false(next(reporter, &report, 1500));
	assert_int_equal(vp_reporter_state(reporter).foreign, 5);
}

static void status_line(pid_t pid, const char *key, char value[static 64])
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), " %63s", value);
	fclose(file);
}

static void is_confined(void **state)
{
	static const char *const empty[] = { "CapEff:", "CapPrm:", "CapBnd:", "CapAmb:",
					     "CapInh:" };
	struct vp_reporter *reporter = *state;
	struct vp_reporter_state known;
	struct vp_report report;
	char value[64], path[64];

	assert_false(next(reporter, &report, 500)); /* takes the status record */
	known = vp_reporter_state(reporter);
	for (size_t i = 0; i < VP_COUNT(empty); i++) {
		status_line(known.pid, empty[i], value);
		assert_string_equal(value, "0000000000000000");
	}
	status_line(known.pid, "Seccomp:", value);
	assert_string_equal(value, "2");
	status_line(known.pid, "NoNewPrivs:", value);
	assert_string_equal(value, "1");
	assert_int_equal(known.confinement & VP_CONFINED_FILES, VP_CONFINED_FILES);
	if (is_root) {
		assert_int_equal(known.confinement, VP_CONFINED_ALL);
		status_line(known.pid, "Uid:", value);
		assert_string_not_equal(value, "0");
		snprintf(path, sizeof(path), "ls -A /proc/%d/root/ | grep -q .",
			 (int)known.pid);
		assert_int_not_equal(system(path), 0);
	}
}

/* As under a unit that keeps CAP_SYS_ADMIN from us. Comes last: the right does not come back.
 */
static void is_confined_without_mounting(void **state)
{
	struct vp_reporter *reporter;
	struct vp_reporter_state known;
	struct vp_report report;

	(void)state;
	assert_int_equal(prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0), 0);
	reporter = start();
	assert_false(next(reporter, &report, 500));
	known = vp_reporter_state(reporter);
	assert_false(known.confinement & VP_CONFINED_NAMESPACES);
	assert_true(known.confinement & VP_CONFINED_FILES);
	if (is_root)
		assert_int_equal(known.confinement, VP_CONFINED_GOOD);
	vp_reporter_stop(reporter);
}

/* Killed: noticed, started again after its delay, and reporting goes on. */
static void restarts(void **state)
{
	struct vp_reporter *reporter = *state;
	struct vp_report report;
	struct vp_error err = { 0 };
	int restarted = 0;

	rules("udp dport 9999 meta mark set 7 log prefix \"vpatch:drop\" group 77");
	assert_int_equal(vp_reporter_tick(reporter, &err), 0);
	kill(vp_reporter_state(reporter).pid, SIGKILL);
	assert_false(next(reporter, &report, 1000));
	assert_int_equal(vp_reporter_fd(reporter), -1);
	assert_int_equal(vp_reporter_tick(reporter, &err), 0);
	send_udp("127.0.0.1", 9999, 1); /* waits in the socket that stayed open */
	for (int i = 0; i < 40 && !restarted; i++) {
		usleep(50000);
		restarted = vp_reporter_tick(reporter, &err);
	}
	assert_int_equal(restarted, 1);
	assert_true(next(reporter, &report, 3000));
	assert_int_equal(report.tag, 7);
	assert_int_equal(vp_reporter_state(reporter).restarts, 1);
}

/* Until its delay is over and it tries again; what came of that. */
static int tick_until_done(struct vp_reporter *reporter)
{
	struct vp_error err = { 0 };
	int r = 0;

	for (int i = 0; i < 100 && !r; i++) {
		usleep(50000);
		r = vp_reporter_tick(reporter, &err);
	}
	return r;
}

/* Whoever has the group: it is tried again, and comes when the group is free. */
static void group_is_busy(void **state)
{
	struct vp_reporter *first = start(), *second = NULL;
	struct vp_reporter_options options = { .executable = "/bin/true", .group = GROUP };
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(vp_reporter_start(&second, &options, &err), -EBUSY);
	assert_non_null(strstr(err.text, "NFLOG group 77 is used by another process"));
	assert_int_equal(vp_reporter_fd(second), -1);
	assert_int_equal(vp_reporter_state(second).pid, 0);
	assert_int_equal(tick_until_done(second), -EBUSY);
	vp_reporter_stop(first);
	assert_int_equal(tick_until_done(second), 1);
	assert_true(vp_reporter_fd(second) >= 0);
	vp_reporter_stop(second);
}

static void missing_executable(void **state)
{
	struct vp_reporter_options options = { .executable = "/nonexistent", .group = GROUP };
	struct vp_reporter *reporter = NULL;
	struct vp_error err = { 0 };

	(void)state;
	assert_int_equal(vp_reporter_start(&reporter, &options, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent"));
	vp_reporter_stop(reporter);
}

static void write_new(const char *folder, const char *name, const void *data, size_t len,
		      char path[static 64])
{
	int fd;

	snprintf(path, 64, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

/* A process that was taken over: it sends status records only, and counts backwards. */
static void hostile_process(void **state)
{
	struct vp_report status = { .magic = VP_REPORT_MAGIC,
				    .kind = VP_REPORT_STATUS,
				    .confinement = VP_CONFINED_ALWAYS,
				    .lost = 5 };
	char folder[] = "/tmp/reporter.XXXXXX", many[64], few[64], program[64], text[512];
	struct vp_reporter_options options = { .executable = program, .group = GROUP };
	struct vp_reporter *reporter = NULL;
	struct vp_report report;
	struct pollfd fd = { .events = POLLIN };
	struct vp_error err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	write_new(folder, "many", &status, sizeof(status), many);
	status.lost = 3;
	write_new(folder, "few", &status, sizeof(status), few);
	snprintf(text, sizeof(text),
		 "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do for j in 1 2 3 4 5 6 7 8 9 10; "
		 "do "
		 "cat %s >&4; cat %s >&4; done; done; exec sleep 100\n",
		 many, few);
	write_new(folder, "program", text, strlen(text), program);
	assert_int_equal(vp_reporter_start(&reporter, &options, &err), 0);
	usleep(1500000);
	assert_int_equal(vp_reporter_read(reporter, &report), 0);
	fd.fd = vp_reporter_fd(reporter);
	assert_int_equal(poll(&fd, 1, 0), 1); /* the caller got its turn before the end */
	assert_int_equal(vp_reporter_state(reporter).lost, 5);
	vp_reporter_stop(reporter);
	unlink(many);
	unlink(few);
	unlink(program);
	rmdir(folder);
}

/* More than anyone can read: what is not delivered is counted, to the packet. */
static void losses_are_counted(void **state)
{
	const unsigned int count = 200000;
	struct vp_reporter *reporter = *state;
	struct vp_reporter_state known;
	struct vp_report report;

	rules("udp dport 9999 meta mark set 7 log prefix \"vpatch:drop\" group 77;"
	      "udp dport 9999 drop");
	send_udp("127.0.0.1", 9999, count);
	while (next(reporter, &report, 1000))
		;
	known = vp_reporter_state(reporter);
	assert_true(known.delivered > 0 && known.delivered < count);
	send_udp("127.0.0.1", 9999, 1); /* its number tells of the gap before it */
	assert_true(next(reporter, &report, 3000));
	known = vp_reporter_state(reporter);
	assert_int_equal(known.delivered + known.lost, count + 1);
}

/* A connection over the loopback; returns the listener. */
static int connect_pair(int *client, int *server, struct vp_report *report)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
			   own;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(address);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*client, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(*client, (struct sockaddr *)&own, &len), 0);
	*server = accept(listener, NULL, NULL);
	assert_true(*server >= 0);
	*report = (struct vp_report){
		.kind = VP_REPORT_RESET,
		.family = 4,
		.protocol = 6,
		.hook = NF_INET_LOCAL_IN,
		.tag = 7,
		.flags = VP_REPORT_PORTS | VP_REPORT_TCP,
		.source = { 127, 0, 0, 1 },
		.destination = { 127, 0, 0, 1 },
		.source_port = ntohs(own.sin_port),
		.destination_port = ntohs(address.sin_port),
		.tcp_flags = 0x18,
	};
	return listener;
}

static int receive_error(int fd)
{
	const struct timeval patience = { .tv_sec = 2 };
	char byte;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return recv(fd, &byte, 1, 0) < 0 ? errno : 0;
}

/* A reset rule for a port of this host. */
struct shield {
	struct vp_port_range port;
	struct vp_port_ranges management;
	struct vp_session_list sessions;
	struct vp_rule rule;
	struct vp_placement placement;
	struct vp_claim claim;
};

static void make_shield(struct shield *shield, uint16_t port)
{
	*shield = (struct shield){
		.port = { .protocol = IPPROTO_TCP, .first = port, .last = port },
		.rule = { .action = { .verdict = VP_VERDICT_RESET } },
		.placement = { .mode = VP_MODE_ENFORCE,
			       .point = VP_POINT_NETFILTER,
			       .local = true },
	};
	shield->placement.rule = &shield->rule;
	shield->placement.ports = (struct vp_port_ranges){ &shield->port, 1, 1 };
	shield->claim = (struct vp_claim){ .placement = &shield->placement,
					   .management = &shield->management,
					   .sessions = &shield->sessions,
					   .point = VP_POINT_NETFILTER,
					   .verdict = VP_VERDICT_RESET };
}

/* The same of inspection. */
static void make_inspection(struct shield *shield, struct vp_report *report,
			    enum vp_verdict verdict)
{
	shield->placement.point = shield->claim.point = VP_POINT_INSPECTION;
	shield->rule.action.verdict = shield->claim.verdict = verdict;
	report->kind = verdict == VP_VERDICT_RESET ? VP_REPORT_RESET : VP_REPORT_DROP;
}

/* The connection goes; the service's listening socket must not. */
static void reset_local(void **state)
{
	struct vp_reset *reset = NULL;
	struct vp_error err = { 0 };
	struct vp_report report;
	int client, server, listener = connect_pair(&client, &server, &report), r;
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	struct shield shield;

	(void)state;
	assert_int_equal(vp_reset_open(&reset, &err), 0);
	make_shield(&shield, report.destination_port + 1);
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), -EPERM);
	make_shield(&shield, report.destination_port);
	r = vp_reset_run(reset, &report, &shield.claim, &err);
	if (r == -EOPNOTSUPP) {
		print_message("this kernel cannot destroy sockets: %s\n", err.text);
		skip();
	}
	assert_int_equal(r, 1);
	assert_int_equal(receive_error(server), ECONNABORTED);
	assert_int_equal(receive_error(client), ECONNRESET);
	close(server);
	close(client);
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	close(server);
	close(client);
	close(listener);
	vp_reset_close(reset);
}

/* A RST with the blocked segment's numbers, taken from NFLOG, ends the receiver's side. */
static void reset_forwarded(void **state)
{
	struct vp_reporter *reporter = *state;
	struct vp_reset *reset = NULL;
	struct vp_error err = { 0 };
	struct vp_report report, made;
	int client, server, listener = connect_pair(&client, &server, &made);
	struct vp_address_range address = { 0 };
	struct shield shield;
	char text[160];

	snprintf(text, sizeof(text),
		 "tcp dport %u tcp flags & psh == psh meta mark set 7 log prefix "
		 "\"vpatch:reset\" "
		 "group 77; tcp dport %u tcp flags & psh == psh drop",
		 made.destination_port, made.destination_port);
	rules(text);
	assert_int_equal(send(client, "attack", 6, 0), 6);
	assert_true(next(reporter, &report, 3000));
	assert_int_equal(report.payload, 6);
	report.hook = NF_INET_FORWARD;
	assert_int_equal(vp_reset_open(&reset, &err), 0);
	assert_int_equal(vp_address_range_parse("127.0.0.1", &address), 0);
	make_shield(&shield, made.destination_port);
	shield.placement.local = false;
	shield.placement.addresses.data = &address;
	shield.placement.addresses.len = 1;
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), 1);
	assert_int_equal(receive_error(server), ECONNRESET);
	close(server);
	close(client);
	close(listener);
	vp_reset_close(reset);
}

/* A segment that is dropped as a worker would have it, and how it is told of. */
static void drop_segment(struct vp_reporter *reporter, int client, uint16_t port,
			 struct vp_report *report)
{
	char text[240];

	snprintf(
		text, sizeof(text),
		"ct state invalid accept; tcp dport %u tcp flags & psh == psh meta mark set 7 "
		"log prefix \"vpatch:drop\" group 77; tcp dport %u tcp flags & psh == psh "
		"drop",
		port, port);
	rules(text);
	assert_int_equal(send(client, "attack", 6, 0), 6);
	assert_true(next(reporter, report, 3000));
	assert_int_equal(report->payload, 6);
}

/* Only the sender is answered, with numbers that it takes; the server knows of nothing. */
static void inspection_rejects(void **state)
{
	struct vp_reset *reset = NULL;
	struct vp_error err = { 0 };
	struct vp_report report, made;
	int client, server, listener = connect_pair(&client, &server, &made);
	struct shield shield;
	char byte;

	drop_segment(*state, client, made.destination_port, &report);
	assert_int_equal(vp_reset_open(&reset, &err), 0);
	make_shield(&shield, made.destination_port + 1);
	make_inspection(&shield, &report, VP_VERDICT_REJECT);
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), -EPERM);
	make_shield(&shield, made.destination_port);
	make_inspection(&shield, &report, VP_VERDICT_REJECT);
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), 1);
	assert_int_equal(receive_error(client), ECONNRESET);
	assert_int_equal(recv(server, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	close(server);
	close(client);
	close(listener);
	vp_reset_close(reset);
}

/* Both ends, though no kernel has rejected anything. */
static void inspection_resets(void **state)
{
	struct vp_reset *reset = NULL;
	struct vp_error err = { 0 };
	struct vp_report report, made;
	int client, server, listener = connect_pair(&client, &server, &made), r;
	struct shield shield;

	drop_segment(*state, client, made.destination_port, &report);
	assert_int_equal(vp_reset_open(&reset, &err), 0);
	make_shield(&shield, made.destination_port);
	make_inspection(&shield, &report, VP_VERDICT_RESET);
	r = vp_reset_run(reset, &report, &shield.claim, &err);
	if (r == -EOPNOTSUPP)
		skip();
	assert_int_equal(r, 1);
	assert_int_equal(receive_error(client), ECONNRESET);
	assert_int_equal(receive_error(server), ECONNABORTED);
	assert_int_equal(vp_reset_run(reset, &report, &shield.claim, &err), 0);
	close(server);
	close(client);
	close(listener);
	vp_reset_close(reset);
}

/* Whoever completed no handshake may be anybody. */
static void ban_needs_a_handshake(void **state)
{
	struct vp_reset *reset = NULL;
	struct vp_error err = { 0 };
	struct vp_report report, made;
	int client, server, listener;
	struct shield shield;

	rules("ct state invalid drop"); /* from here on connections are tracked */
	listener = connect_pair(&client, &server, &made);
	drop_segment(*state, client, made.destination_port, &report);
	assert_int_equal(vp_reset_open(&reset, &err), 0);
	make_shield(&shield, made.destination_port);
	make_inspection(&shield, &report, VP_VERDICT_BAN);
	assert_int_equal(vp_reset_check_ban(reset, &report, &shield.claim, &err), 1);
	shield.claim.verdict = VP_VERDICT_REJECT; /* not what the rule gives */
	assert_int_equal(vp_reset_check_ban(reset, &report, &shield.claim, &err), -EPERM);
	make_shield(&shield, made.destination_port);
	make_inspection(&shield, &report, VP_VERDICT_BAN);
	report.source_port ^= 1; /* no such connection */
	assert_int_equal(vp_reset_check_ban(reset, &report, &shield.claim, &err), 0);
	close(server);
	close(client);
	close(listener);
	vp_reset_close(reset);
}

static int start_reporter(void **state)
{
	*state = start();
	return 0;
}

static int stop_reporter(void **state)
{
	vp_reporter_stop(*state);
	return 0;
}

#define WITH_REPORTER(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, start_reporter, stop_reporter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REPORTER(record_arrives),
		WITH_REPORTER(nothing_without_log_rule),
		WITH_REPORTER(foreign_packets),
		WITH_REPORTER(is_confined),
		WITH_REPORTER(restarts),
		cmocka_unit_test(group_is_busy),
		cmocka_unit_test(missing_executable),
		cmocka_unit_test(hostile_process),
		WITH_REPORTER(losses_are_counted),
		cmocka_unit_test(reset_local),
		WITH_REPORTER(reset_forwarded),
		WITH_REPORTER(inspection_rejects),
		WITH_REPORTER(inspection_resets),
		WITH_REPORTER(ban_needs_a_handshake),
		cmocka_unit_test(is_confined_without_mounting),
	};

	if (!enter_namespace() || system("ip link set lo up && nft list ruleset") != 0) {
		fprintf(stderr, "skipped: no network namespace, or no ip or nft\n");
		return 77;
	}
	return cmocka_run_group_tests_name("reporter", tests, NULL, NULL);
}
