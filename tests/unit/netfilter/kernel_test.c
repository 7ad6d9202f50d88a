// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The half that touches the kernel, against the kernel, in a network namespace of
 * the test's own. A kernel that refuses is a failure, never a skip. nft(8) plays
 * the part of somebody else who changes our table.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/bpf.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/host_facts.h"
#include "modules/netfilter/netfilter.h"
#include "modules/netfilter/watch.h"
#include "tests/unit/netfilter/kernel_drive.h"

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static uint64_t generation_of(struct vp_instance *instance)
{
	struct vp_error err = { 0 };
	uint64_t generation = 99;

	good(vp_instance_running(instance, &generation, &err), &err);
	return generation;
}

static void everything_reads_back(void **state)
{
	assert_int_equal(generation_of(*state), 0);
	apply_shape(
		*state,
		(struct shape){ .generation = 7, .regions = 5, .elements = 9, .zoo = true });
	assert_int_equal(generation_of(*state), 7);
}

static void tampering_is_found(void **state)
{
	struct shape shape = { .generation = 1, .regions = 3, .elements = 3, .zoo = true };
	struct vp_artefact *artefact = vp_artefact_build(&shape);

	apply(*state, artefact);
	nft("flush chain inet vpatch region-1");
	assert_int_equal(
		verify(*state, artefact, "chain region-1: rule 1 \"P-1/rule\" is missing"), 1);
	apply(*state, artefact);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	nft("add rule inet vpatch input accept");
	assert_int_equal(verify(*state, artefact, "chain input: rule 4 \"\" is not ours"), 1);
	nft("delete element inet vpatch exact { udp . 6002 }");
	assert_int_equal(
		verify(*state, artefact, "set exact: element 1100000017720000 is missing"), 2);
	nft("add element inet vpatch exact { udp . 9999 : drop }");
	assert_int_equal(verify(*state, artefact, "is not ours"), 3);
	nft("add chain inet vpatch foreign");
	nft("delete element inet vpatch stations4 { 10.0.0.0/24 }");
	nft("add element inet vpatch stations4 { 10.0.0.0/25 }");
	assert_int_equal(verify(*state, artefact, "chain foreign is not ours"), 6);
	apply(*state, artefact);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	nft("delete element inet vpatch exact { udp . 6001 }; add element inet vpatch exact { "
	    "udp . 6001 : goto region-2 }");
	assert_int_equal(verify(*state, artefact, "leads elsewhere"), 1);
	apply(*state, artefact);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	vp_artefact_drop(artefact);
}

static void abort_leaves_nothing(void **state)
{
	struct shape small = { .generation = 1, .regions = 2, .elements = 2 };
	struct shape large = { .generation = 2, .regions = 4, .elements = 8, .zoo = true };
	struct vp_artefact *first = vp_artefact_build(&small),
			   *second = vp_artefact_build(&large);
	struct vp_error err = { 0 };

	good(vp_netfilter_prepare(*state, first, &err), &err);
	vp_netfilter_abort(*state);
	assert_int_equal(generation_of(*state), 0);
	assert_int_equal(system("nft list table inet vpatch 2>/dev/null >&2"), 256);
	apply(*state, first);
	good(vp_netfilter_prepare(*state, second, &err), &err);
	assert_int_equal(generation_of(*state), 1);
	vp_netfilter_abort(*state);
	assert_int_equal(verify(*state, first, NULL), 0);
	assert_int_equal(system("nft list counters | grep -q P-3"), 256);
	vp_artefact_drop(first);
	vp_artefact_drop(second);
}

static void prepared_is_not_effective(void **state)
{
	struct shape shape = { .generation = 1, .regions = 1 };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_error err = { 0 };

	good(vp_netfilter_prepare(*state, artefact, &err), &err);
	send_to(REGION_PORT, "x", 3);
	assert_int_equal(packets_of(*state, REGION_TAG), 0);
	good(vp_netfilter_commit(*state, &err), &err);
	send_to(REGION_PORT, "x", 3);
	assert_int_equal(packets_of(*state, REGION_TAG), 3);
	vp_netfilter_finish(*state);
	vp_artefact_drop(artefact);
}

static void counts_survive_removal(void **state)
{
	struct shape shape = { .generation = 1, .regions = 2, .elements = 4 };

	apply_shape(*state, shape);
	send_to(SHAPE_PORT, "SHAPE", 5);
	send_to(SHAPE_PORT, "other", 5);
	send_to(SHAPE_PORT + 1, "SHAPE", 2);
	send_to(REGION_PORT + 1, "x", 4);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 5);
	shape.generation = 2;
	shape.skip = 1; /* the element goes */
	apply_shape(*state, shape);
	send_to(SHAPE_PORT, "SHAPE", 5);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 5);
	shape.generation = 3;
	shape.skip = 0; /* comes again */
	apply_shape(*state, shape);
	send_to(SHAPE_PORT, "SHAPE", 1);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 6);
	shape.generation = 4;
	shape.elements = 0; /* the whole map goes */
	shape.regions = 0;
	apply_shape(*state, shape);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 6);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 1), 2);
	assert_int_equal(packets_of(*state, REGION_TAG + 1), 4);
}

/* Who comes too late for a place in the set is not counted, and dropped all the same. */
static void full_counts_still_drop(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(SHAPE_PORT + 9) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd arrival = { .fd = fd, .events = POLLIN };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	apply_shape(*state, (struct shape){ .generation = 1, .elements = 10, .hits_size = 2 });
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	for (uint16_t i = 0; i < 10; i++)
		send_to(SHAPE_PORT + i, "SHAPE", 3);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 3);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 1), 3);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 9), 0);
	assert_int_equal(poll(&arrival, 1, 20), 0);
	send_to(SHAPE_PORT + 9, "other", 1);
	assert_int_equal(poll(&arrival, 1, 1000), 1);
}

static void adoption_changes_nothing(void **state)
{
	struct shape shape = { .generation = 5, .regions = 3, .elements = 3, .zoo = true };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_error err = { 0 };
	uint32_t before = 0, after = 0;
	struct vp_instance *other;

	apply(*state, artefact);
	send_to(SHAPE_PORT, "SHAPE", 2);
	send_to(REGION_PORT, "x", 3);
	other = open_instance();
	assert_int_equal(generation_of(other), 5);
	assert_int_equal(packets_of(other, REGION_TAG), 3);
	good(vp_netlink_genid(&other->nl, &before), &err);
	apply(other, artefact);
	good(vp_netlink_genid(&other->nl, &after), &err);
	assert_int_equal(before, after);
	assert_int_equal(packets_of(other, SHAPE_TAG), 2);
	shape.generation = 6;
	shape.skip = 1;
	shape.regions = 1;
	apply_shape(other, shape);
	assert_int_equal(packets_of(other, SHAPE_TAG), 2);
	vp_instance_close(other);
	vp_artefact_drop(artefact);
}

static void repair_brings_back(void **state)
{
	struct shape shape = { .generation = 1, .regions = 3, .elements = 3, .zoo = true };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_error err = { 0 };

	assert_int_equal(vp_netfilter_repair(*state, NULL, &err), -ENODATA);
	apply(*state, artefact);
	send_to(SHAPE_PORT, "SHAPE", 2);
	send_to(REGION_PORT, "x", 3);
	assert_int_equal(packets_of(*state, REGION_TAG), 3);
	nft("flush ruleset");
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_int_equal(packets_of(*state, REGION_TAG), 3);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 2);
	nft("flush chain inet vpatch input");
	nft("delete element inet vpatch shape-1 { udp . 7000 . 0x53484150 }");
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	send_to(SHAPE_PORT, "SHAPE", 1);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 3);
	assert_int_equal(packets_of(*state, REGION_TAG), 3);
	nft("delete table inet vpatch; add table inet vpatch");
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 3);
	vp_artefact_drop(artefact);
}

static void conflicts_replace_the_table(void **state)
{
	struct shape shape = { .generation = 1, .regions = 2, .elements = 2 };
	struct vp_artefact *artefact;

	shape.zoo = true;
	apply_shape(*state, shape);
	send_to(SHAPE_PORT, "SHAPE", 2);
	nft("add element inet vpatch ban4 { 203.0.113.9 timeout 1h expires 30m : 0x7002 }");
	shape.generation = 2;
	artefact = vp_artefact_build(&shape);
	vp_array_each (chain, &artefact->ruleset->chains)
		if (chain->base)
			chain->priority = 20;
	apply(*state, artefact);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 2);
	nft("get element inet vpatch ban4 { 203.0.113.9 }");
	assert_int_equal(system("nft list map inet vpatch ban4 | grep -q 29m"), 0);
	vp_artefact_drop(artefact);
}

static void refusals_name_the_object(void **state)
{
	struct shape shape = { .generation = 1, .regions = 1 };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_error err = { 0 };

	free(artefact->ruleset->chains.data[1].rules.data[0].statements.data[0].name);
	artefact->ruleset->chains.data[1].rules.data[0].statements.data[0].name =
		vp_strdup("nobody");
	assert_true(vp_netfilter_prepare(*state, artefact, &err) < 0);
	assert_non_null(strstr(err.text, "rule \"P-0/rule\""));
	assert_int_equal(generation_of(*state), 0);
	vp_artefact_drop(artefact);
}

static void ownership_protects(void **state)
{
	struct shape shape = {
		.generation = 1, .regions = 1, .elements = 2, .owner_persist = true
	};
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_instance *other;
	struct vp_error err = { 0 };

	apply(*state, artefact);
	send_to(SHAPE_PORT, "SHAPE", 2);
	nft("flush ruleset");
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_int_not_equal(system("nft delete table inet vpatch 2>/dev/null"), 0);
	other = open_instance();
	assert_int_equal(vp_netfilter_prepare(other, artefact, &err), -EPERM);
	assert_non_null(strstr(err.text, "another running process"));
	vp_instance_close(*state); /* the owner dies */
	*state = other;
	assert_int_equal(generation_of(other), 1);
	assert_int_equal(verify(other, artefact, "has no owner"), 1);
	apply(other, artefact);
	assert_int_equal(verify(other, artefact, NULL), 0);
	assert_int_equal(packets_of(other, SHAPE_TAG), 2);
	nft("flush ruleset");
	assert_int_equal(verify(other, artefact, NULL), 0);
	vp_artefact_drop(artefact);
}

static void watcher_tells_us_from_them(void **state)
{
	struct shape shape = { .generation = 1, .regions = 2, .elements = 3 };
	struct vp_watch *watch = NULL;
	struct vp_error err = { 0 };

	good(vp_watch_open(&watch, *state, &err), &err);
	apply_shape(*state, shape);
	shape.generation = 2;
	shape.skip = 1;
	apply_shape(*state, shape);
	assert_int_equal(wait_event(watch, 50), VP_WATCH_NOTHING);
	nft("add table inet other; add chain inet other x");
	assert_int_equal(wait_event(watch, 1000), VP_WATCH_NOTHING);
	nft("add chain inet vpatch foreign");
	assert_int_equal(wait_event(watch, 1000), VP_WATCH_CHANGED);
	apply_shape(*state, shape);
	assert_int_equal(wait_event(watch, 50), VP_WATCH_NOTHING);
	nft("flush ruleset");
	assert_int_equal(wait_event(watch, 1000), VP_WATCH_VANISHED);
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(wait_event(watch, 50), VP_WATCH_NOTHING);
	vp_watch_close(watch);
}

/* More events than the watcher's socket holds. */
static void overrun_is_noticed(void **state)
{
	struct shape shape = { .generation = 1, .regions = 2, .elements = 3 };
	struct vp_artefact *artefact = vp_artefact_build(&shape);
	struct vp_watch *watch = NULL;
	struct vp_error err = { 0 };

	apply(*state, artefact);
	good(vp_watch_open(&watch, *state, &err), &err);
	foreign_chains(30000);
	nft("delete table inet vpatch");
	assert_int_equal(wait_event(watch, 1000), VP_WATCH_UNSURE);
	assert_int_equal(verify(*state, artefact, "table inet vpatch is missing"), 1);
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	assert_int_equal(verify(*state, artefact, NULL), 0);
	assert_int_equal(wait_event(watch, 50), VP_WATCH_NOTHING);
	nft("delete table inet other");
	vp_watch_close(watch);
	vp_artefact_drop(artefact);
}

static void removed_objects_are_forgotten(void **state)
{
	struct shape shape = { .generation = 1, .regions = 3, .elements = 2 };
	uint32_t known[] = { SHAPE_TAG + 1, REGION_TAG, REGION_TAG + 1 };
	struct vp_error err = { 0 };

	apply_shape(*state, shape);
	send_to(SHAPE_PORT, "SHAPE", 2);
	send_to(SHAPE_PORT + 1, "SHAPE", 3);
	shape.generation = 2;
	shape.regions = 1;
	shape.skip = 1;
	apply_shape(*state, shape);
	assert_int_equal(vp_netfilter_forget(*state, known, 3, &err), 2);
	assert_int_equal(packets_of(*state, SHAPE_TAG), 0);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 1), 3);
	assert_int_equal(system("nft list counters | grep -q P-1/rule"), 0);
	assert_int_not_equal(system("nft list counters | grep -q P-2/rule"), 0);
	shape.generation = 3;
	shape.regions = 3;
	shape.skip = 0;
	apply_shape(*state, shape);
}

static void probing_finds_facts(void **state)
{
	struct vp_host host = { 0 };
	struct vp_error err = { 0 };
	bool notrack = false, flowtable = false, made;
	uint32_t before = 0, after = 0;

	nft("add table inet other; add chain inet other pre { type filter hook prerouting "
	    "priority -300; }; add rule inet other pre udp dport 53 notrack");
	made = system("nft add flowtable inet other ft \"{ hook ingress priority 0; devices = "
		      "{ lo }; }\" 2>/dev/null") == 0;
	good(vp_netlink_genid(&((struct vp_instance *)*state)->nl, &before), &err);
	good(vp_netfilter_probe(&host, &err), &err);
	good(vp_netlink_genid(&((struct vp_instance *)*state)->nl, &after), &err);
	assert_int_equal(before, after); /* nobody could notice */
	assert_true(host.kernel.nftables);
	assert_true(host.addresses.len >= 1);
	vp_array_each (bypass, &host.bypasses) {
		notrack |= !strcmp(bypass->kind, "notrack");
		flowtable |= !strcmp(bypass->kind, "flowtable");
	}
	assert_true(notrack);
	assert_true(flowtable == made); /* not every kernel has them */
	nft("delete table inet other");
	assert_int_equal(system("nft list tables | grep -q vpatch"), 256);
	vp_host_free(&host);
}

static bool never_bans(const struct vp_host *host, const char *text)
{
	struct vp_address address = { 0 };

	assert_int_equal(vp_address_parse(text, &address), 0);
	vp_array_each (range, &host->never_ban)
		if (!vp_address_compare(&range->first, &address))
			return true;
	return false;
}

static void gateways_are_never_banned(void **state)
{
	struct vp_host host = { .without_sockets = true };

	(void)state;
	assert_int_equal(system("ip route add 10.1.0.0/16 via 10.9.0.1 dev lo onlink"), 0);
	assert_int_equal(system("ip route add 10.2.0.0/16 nexthop via 10.9.0.2 dev lo onlink "
				"nexthop via 10.9.0.3 dev lo onlink"),
			 0);
	assert_int_equal(system("ip link add v0 type veth peer name v1; ip link set v0 up; "
				"ip route add 10.3.0.0/16 via inet6 fe80::7 dev v0"),
			 0);
	vp_host_facts_read(&host);
	assert_true(never_bans(&host, "127.0.0.1"));
	assert_true(never_bans(&host, "10.9.0.1"));
	assert_true(never_bans(&host, "10.9.0.2"));
	assert_true(never_bans(&host, "10.9.0.3"));
	assert_true(never_bans(&host, "fe80::7"));
	assert_false(never_bans(&host, "10.9.0.4"));
	vp_host_free(&host);
	assert_int_equal(system("ip link delete v0; ip route flush proto boot"), 0);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A program on lo without a tc filter (kernel 6.6 and later); -1: this kernel has no such. */
static int attach_program(void)
{
	const struct bpf_insn next[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load, attach;
	int program;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	load.insns = (uintptr_t)next;
	load.insn_cnt = VP_COUNT(next);
	load.license = (uintptr_t) "GPL";
	program = bpf(BPF_PROG_LOAD, &load);
	memset(&attach, 0, sizeof(attach));
	attach.target_fd = if_nametoindex("lo");
	attach.attach_bpf_fd = (uint32_t)program;
	attach.attach_type = 46; /* BPF_TCX_INGRESS */
	if (program >= 0 && bpf(BPF_PROG_ATTACH, &attach) == 0)
		return program;
	if (program >= 0)
		close(program);
	return -1;
}

static bool finds_program(void)
{
	struct vp_host host = { 0 };
	struct vp_error err = { 0 };
	bool found = false;

	good(vp_netfilter_probe(&host, &err), &err);
	vp_array_each (bypass, &host.bypasses)
		found |= !strcmp(bypass->kind, "tc") && !strcmp(bypass->where, "interface lo");
	vp_host_free(&host);
	return found;
}

static void probing_finds_programs(void **state)
{
	union bpf_attr detach;
	int program;

	(void)state;
	assert_false(finds_program());
	program = attach_program();
	if (program < 0) { /* then there is nothing to find */
		print_message("no tcx: %s\n", strerror(errno));
		assert_true(errno == EINVAL || errno == EPERM);
		return;
	}
	assert_true(finds_program());
	memset(&detach, 0, sizeof(detach));
	detach.target_fd = if_nametoindex("lo");
	detach.attach_bpf_fd = (uint32_t)program;
	detach.attach_type = 46;
	assert_int_equal(bpf(BPF_PROG_DETACH, &detach), 0);
	close(program);
	assert_false(finds_program());
}

static void large_is_fast(void **state)
{
	struct shape shape = { .generation = 1, .regions = 200, .elements = 10000 };
	struct vp_artefact *artefact = vp_artefact_build(&shape), *more;
	struct vp_error err = { 0 };
	double start = milliseconds(), full, one, repair, check;

	good(vp_netfilter_prepare(*state, artefact, &err), &err);
	good(vp_netfilter_commit(*state, &err), &err);
	vp_netfilter_finish(*state);
	full = milliseconds() - start;
	start = milliseconds();
	assert_int_equal(verify(*state, artefact, NULL), 0);
	check = milliseconds() - start;
	shape.elements++;
	shape.generation++;
	more = vp_artefact_build(&shape);
	start = milliseconds();
	apply(*state, more);
	one = milliseconds() - start;
	send_to(SHAPE_PORT + 7, "SHAPE", 4);
	send_to(REGION_PORT + 7, "x", 3);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 7), 4);
	nft("flush ruleset");
	start = milliseconds();
	good(vp_netfilter_repair(*state, NULL, &err), &err);
	repair = milliseconds() - start;
	assert_int_equal(verify(*state, more, NULL), 0);
	assert_int_equal(packets_of(*state, SHAPE_TAG + 7), 4);
	assert_int_equal(packets_of(*state, REGION_TAG + 7), 3);
	print_message("10,000 elements: apply %.1f ms, read back %.1f ms, one more %.1f ms, "
		      "repair %.1f ms\n",
		      full, check, one, repair);
	assert_true(one * 2 < full);
	vp_artefact_drop(artefact);
	vp_artefact_drop(more);
}

/* Traffic without pause while generations change. */
struct traffic {
	pthread_t thread;
	atomic_bool stop;
	uint64_t sent, attacks, toggled,
		benign; /* sent to each of the three; those that arrived */
};

static int bound(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 ? fd : -1;
}

static uint64_t drain(int fd)
{
	char buffer[64];
	uint64_t count = 0;

	while (recv(fd, buffer, sizeof(buffer), 0) >= 0)
		count++;
	return count;
}

static void *run_traffic(void *data)
{
	struct traffic *traffic = data;
	_cleanup_close_ int attack = bound(REGION_PORT), toggled = bound(SHAPE_PORT),
			    benign = bound(9009);

	while (!atomic_load(&traffic->stop)) {
		send_to(REGION_PORT, "x", 1);
		send_to(SHAPE_PORT, "SHAPE", 1);
		send_to(9009, "benign", 1);
		traffic->sent++;
		traffic->attacks += drain(attack);
		traffic->toggled += drain(toggled);
		traffic->benign += drain(benign);
	}
	return NULL;
}

/*
 * Half of the changes are begun by an instance that dies right after prepare, or is
 * a new one each time, as after a restart.
 */
static void change_often(void **state, struct shape *shape, int times)
{
	struct vp_error err = { 0 };

	for (int i = 0; i < times; i++) {
		struct vp_artefact *artefact;

		shape->generation++;
		shape->salt++;
		shape->skip = !shape->skip;
		artefact = vp_artefact_build(shape);
		if (i % 4 == 1) {
			struct vp_instance *dying = open_instance();

			good(vp_netfilter_prepare(dying, artefact, &err), &err);
			vp_instance_close(dying);
		}
		if (i % 4 == 3) {
			vp_instance_close(*state);
			*state = open_instance();
		}
		apply(*state, artefact);
		vp_artefact_drop(artefact);
	}
}

static void changes_have_no_gap(void **state)
{
	struct shape shape = { .generation = 1, .regions = 20, .elements = 20 };
	struct traffic traffic = { .sent = 0 };

	apply_shape(*state, shape);
	assert_int_equal(pthread_create(&traffic.thread, NULL, run_traffic, &traffic), 0);
	change_often(state, &shape, 300);
	atomic_store(&traffic.stop, true);
	pthread_join(traffic.thread, NULL);
	print_message("%llu datagrams of each kind through 300 changes\n",
		      (unsigned long long)traffic.sent);
	assert_true(traffic.sent > 1000);
	assert_int_equal(traffic.attacks, 0);
	assert_int_equal(traffic.benign, traffic.sent);
	assert_true(traffic.toggled > 0 && traffic.toggled < traffic.sent);
	assert_int_equal(packets_of(*state, REGION_TAG), traffic.sent);
	assert_int_equal(packets_of(*state, SHAPE_TAG) + traffic.toggled, traffic.sent);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, gone)
	const struct CMUnitTest tests[] = {
		TEST(everything_reads_back),
		TEST(tampering_is_found),
		TEST(abort_leaves_nothing),
		TEST(prepared_is_not_effective),
		TEST(counts_survive_removal),
		TEST(adoption_changes_nothing),
		TEST(repair_brings_back),
		TEST(conflicts_replace_the_table),
		TEST(refusals_name_the_object),
		TEST(ownership_protects),
		TEST(watcher_tells_us_from_them),
		TEST(changes_have_no_gap),
		TEST(overrun_is_noticed),
		TEST(removed_objects_are_forgotten),
		TEST(full_counts_still_drop),
		TEST(probing_finds_facts),
		TEST(probing_finds_programs),
		TEST(gateways_are_never_banned),
		TEST(large_is_fast),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
