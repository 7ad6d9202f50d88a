// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bans from outside the packet path, on this kernel, in a network namespace of its
 * own: who can be banned, what that does, and what it leaves alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "modules/netfilter/statement.h"
#include "tests/unit/netfilter/queue_fixture.h"

#define PORT 9

static struct vp_address parsed(const char *text)
{
	struct vp_address address;

	assert_int_equal(vp_address_parse(text, &address), 0);
	return address;
}

static int ban(struct state *s, uint32_t tag, const char *source, uint32_t milliseconds,
	       struct vp_error *err)
{
	struct vp_address address = parsed(source);

	return vp_netfilter_ban(s->instance, tag, &address, milliseconds, err);
}

/* Does a datagram from that address of this host arrive? */
static bool arrives(const char *source)
{
	_cleanup_close_ int server = listen_at(SOCK_DGRAM, PORT);
	_cleanup_close_ int client = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool six = strchr(source, ':');
	_cleanup_free_ char *mapped = vp_format("%s%s", six ? "" : "::ffff:", source);
	struct sockaddr_in6 from = { .sin6_family = AF_INET6 }, to = address(six, PORT);

	inet_pton(AF_INET6, mapped, &from.sin6_addr);
	if (bind(client, (struct sockaddr *)&from, sizeof(from)) < 0)
		fail_msg("%s: %s", source, strerror(errno));
	sendto(client, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to));
	return readable(server, 100);
}

static void give_addresses(void)
{
	static const char *const all[] = { "192.0.2.7", "192.0.2.8", "2001:db8:5::7",
					   "2001:db8:5::8", "2001:db8:6::7" };

	for (size_t i = 0; i < VP_COUNT(all); i++) {
		_cleanup_free_ char *line =
			vp_format("ip address replace %s/%s dev lo%s", all[i],
				  strchr(all[i], ':') ? "128" : "32",
				  strchr(all[i], ':') ? " nodad" : "");

		if (system(line) != 0)
			fail_msg("%s", line);
	}
}

/* The next test's host must not know them as its own. */
static int tear_down_all(void **state)
{
	return system("ip address flush dev lo scope global") | tear_down(state);
}

static uint64_t banned_of(struct state *s, uint32_t tag)
{
	struct vp_counts counts = { 0 };
	struct vp_error err = { 0 };
	uint64_t packets = 0;

	good(vp_netfilter_counts(s->instance, &counts, &err), &err);
	vp_array_each (count, &counts)
		if (count->tag == tag)
			packets += count->banned;
	vp_array_free(&counts);
	return packets;
}

static bool listed(const char *map, const char *pattern)
{
	_cleanup_free_ char *line =
		vp_format("nft list map inet vpatch %s | grep -q \"%s\"", map, pattern);

	return system(line) == 0;
}

static void it_drops(void **state)
{
	struct state *s = *state;
	struct vp_error err = { 0 };
	uint32_t tag = ban_tag(s);

	give_addresses();
	assert_true(arrives("192.0.2.7") && arrives("2001:db8:5::7"));
	good(ban(s, tag, "192.0.2.7", 600000, &err), &err);
	assert_false(arrives("192.0.2.7"));
	assert_true(arrives("192.0.2.8"));
	good(ban(s, tag, "2001:db8:5::7", 600000, &err), &err);
	assert_false(arrives("2001:db8:5::7"));
	assert_false(arrives("2001:db8:5::8")); /* of the same /64 */
	assert_true(arrives("2001:db8:6::7"));
	assert_int_equal(banned_of(s, tag), 3);
	assert_int_equal(verify(s->instance, &s->artefact, NULL), 0);
	assert_true(s->instance->certain);
	install(s, 2); /* outlives it */
	assert_false(arrives("192.0.2.7"));
}

static void it_ends(void **state)
{
	struct state *s = *state;
	struct vp_error err = { 0 };

	give_addresses();
	good(ban(s, ban_tag(s), "192.0.2.8", 700, &err), &err);
	assert_false(arrives("192.0.2.8"));
	usleep(700000);
	assert_true(arrives("192.0.2.8"));
}

/* Who is banned stays so on behalf of the first rule. */
static void it_is_not_changed(void **state)
{
	struct state *s = *state;
	struct vp_error err = { 0 };

	good(ban(s, 0x1234, "203.0.113.1", 3600000, &err), &err);
	good(ban(s, 0x1234, "203.0.113.1", 3600000, &err), &err);
	good(ban(s, ban_tag(s), "203.0.113.1", 60000, &err), &err);
	assert_true(listed("ban4", "203.0.113.1 .*59m.* : 0x00001234"));
	good(ban(s, ban_tag(s), "203.0.113.2", 3600000, &err), &err);
}

static void refused(struct state *s, const char *source, uint32_t milliseconds, int code,
		    const char *text)
{
	struct vp_error err = { 0 };

	assert_int_equal(ban(s, 1, source, milliseconds, &err), code);
	if (!strstr(err.text, text))
		fail_msg("%s: \"%s\" is not in \"%s\"", source, text, err.text);
}

static void not_everybody(void **state)
{
	struct state *s = *state;
	struct vp_address_range range = { parsed("198.51.100.8"), parsed("198.51.100.15") };

	vp_array_push(&s->host.never_ban, range);
	range = (struct vp_address_range){ parsed("2001:db8:9::1"), parsed("2001:db8:9::1") };
	vp_array_push(&s->host.never_ban, range);
	install(s, 2);
	refused(s, "198.51.100.8", 1000, -EPERM, "198.51.100.8 is not banned");
	refused(s, "198.51.100.15", 1000, -EPERM, "never to ban");
	refused(s, "2001:db8:9::ffff", 1000, -EPERM, "2001:db8:9::ffff"); /* of that /64 */
	refused(s, "0.0.0.0", 1000, -EINVAL, "a host's address");
	refused(s, "224.0.0.1", 1000, -EINVAL, "a host's address");
	refused(s, "255.255.255.255", 1000, -EINVAL, "a host's address");
	refused(s, "::", 1000, -EINVAL, "a host's address");
	refused(s, "ff02::1", 1000, -EINVAL, "a host's address");
	refused(s, "203.0.113.1", 0, -EINVAL, "some time");
	assert_int_equal(ban(s, 1, "198.51.100.7", 1000, NULL), 0);
	assert_int_equal(ban(s, 1, "198.51.100.16", 1000, NULL), 0);
	assert_int_equal(ban(s, 1, "2001:db8:9:1::1", 1000, NULL), 0);
}

/* Only where something asks who is banned. */
static void not_without_a_rule(void **state)
{
	struct shape shape = { .generation = 2, .regions = 1 };
	struct state *s = *state;
	struct vp_instance *other = open_instance();
	struct vp_address address = parsed("203.0.113.1");
	struct vp_error err = { 0 };

	assert_int_equal(vp_netfilter_ban(other, 1, &address, 1000, &err), -ENODATA);
	vp_instance_close(other);
	apply_shape(s->instance, shape);
	refused(s, "203.0.113.1", 1000, -ENODATA, "no rule that runs here can ban");
}

/* The daemon's own bans are no change by somebody else; and they come back with the table. */
static void it_is_our_own(void **state)
{
	struct state *s = *state;
	struct vp_error err = { 0 };
	struct vp_watch *watch = NULL;

	good(vp_watch_open(&watch, s->instance, &err), &err);
	good(ban(s, ban_tag(s), "203.0.113.1", 3600000, &err), &err);
	good(ban(s, ban_tag(s), "2001:db8:5::7", 3600000, &err), &err);
	assert_int_equal(wait_event(watch, 100), VP_WATCH_NOTHING);
	packets_of(s->instance, 1); /* bans are read with the counts */
	nft("flush ruleset");
	good(vp_netfilter_repair(s->instance, NULL, &err), &err);
	assert_true(listed("ban4", "203.0.113.1 "));
	assert_true(listed("ban6", "2001:db8:5:: "));
	vp_watch_close(watch);
}

static void a_full_set(void **state)
{
	struct state *s = *state;
	FILE *all = popen("nft -f -", "we");
	struct vp_error err = { 0 };

	fputs("add element inet vpatch ban4 { ", all);
	for (unsigned int i = 0; i < 65535; i++)
		fprintf(all, "10.1.%u.%u : 0x1, ", i >> 8, i & 255);
	fputs("}\n", all);
	assert_int_equal(pclose(all), 0);
	assert_int_equal(ban(s, 1, "203.0.113.1", 1000, &err), -ENFILE);
	assert_int_equal(ban(s, 1, "10.1.0.1", 1000, &err), 0); /* is banned */
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_drops),		  TEST(it_ends),
		TEST(it_is_not_changed),  TEST(not_everybody),
		TEST(not_without_a_rule), TEST(it_is_our_own),
		TEST(a_full_set),
	};

	vp_enter_namespace();
	loopback_up();
	return cmocka_run_group_tests_name("ban", tests, NULL, NULL);
}
