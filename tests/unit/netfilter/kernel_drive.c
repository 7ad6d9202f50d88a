// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests against the kernel do to it, and what they ask: see kernel_drive.h. */
#include "tests/unit/netfilter/kernel_drive.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/cleanup.h"

void good(int code, const struct vp_error *err)
{
	if (code < 0)
		fail_msg("%d: %s", code, err->text);
}

struct vp_instance *open_instance(void)
{
	struct vp_instance *instance = NULL;
	struct vp_error err = { 0 };

	good(vp_instance_open(&instance, NULL, &err), &err);
	return instance;
}

int fresh(void **state)
{
	struct vp_error err = { 0 };

	*state = open_instance();
	good(vp_instance_remove(*state, &err), &err);
	return 0;
}

int gone(void **state)
{
	struct vp_error err = { 0 };

	good(vp_instance_remove(*state, &err), &err);
	vp_instance_close(*state);
	return 0;
}

void apply(struct vp_instance *instance, const struct vp_artefact *artefact)
{
	struct vp_error err = { 0 };

	good(vp_netfilter_prepare(instance, artefact, &err), &err);
	good(vp_netfilter_commit(instance, &err), &err);
	vp_netfilter_finish(instance);
}

/* Number of differences; the lines contain `text`, when given. */
int verify(struct vp_instance *instance, const struct vp_artefact *artefact, const char *text)
{
	_cleanup_strbuf_ struct vp_strbuf lines = { 0 };
	struct vp_error err = { 0 };
	int count = vp_netfilter_verify(instance, artefact, &lines, &err);

	good(count, &err);
	if (text && !strstr(vp_strbuf_text(&lines), text))
		fail_msg("\"%s\" is not in: %s", text, vp_strbuf_text(&lines));
	if (!text && count)
		print_message("%s", vp_strbuf_text(&lines));
	return count;
}

/* Apply, expect no differences, drop the artefact. */
void apply_shape(struct vp_instance *instance, struct shape shape)
{
	struct vp_artefact *artefact = vp_artefact_build(&shape);

	apply(instance, artefact);
	assert_int_equal(verify(instance, artefact, NULL), 0);
	vp_artefact_drop(artefact);
}

void nft(const char *command)
{
	_cleanup_free_ char *line = vp_format("nft '%s'", command);

	if (system(line) != 0)
		fail_msg("%s", line);
}

void foreign_chains(int count)
{
	for (int made = 0; made < count;) {
		FILE *other = popen("nft -f -", "we");

		fputs("table inet other {\n", other);
		for (int end = made + 1000; made < end && made < count; made++)
			fprintf(other, "chain c%d { }\n", made);
		fputs("}\n", other);
		assert_int_equal(pclose(other), 0);
	}
}

void send_to(uint16_t port, const char *payload, unsigned int times)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned int i = 0; i < times; i++)
		if (sendto(fd, payload, strlen(payload), 0, (struct sockaddr *)&to,
			   sizeof(to)) < 0)
			fail_msg("sendto: %s", strerror(errno));
}

uint64_t packets_of(struct vp_instance *instance, uint32_t tag)
{
	struct vp_counts counts = { 0 };
	struct vp_error err = { 0 };
	uint64_t packets = 0;

	good(vp_netfilter_counts(instance, &counts, &err), &err);
	vp_array_each (count, &counts)
		if (count->tag == tag)
			packets += count->packets;
	vp_array_free(&counts);
	return packets;
}

enum vp_watch_event wait_event(struct vp_watch *watch, int timeout)
{
	struct pollfd poll_fd = { .fd = vp_watch_fd(watch), .events = POLLIN };

	if (poll(&poll_fd, 1, timeout) <= 0)
		return VP_WATCH_NOTHING;
	return vp_watch_handle(watch);
}

void loopback_up(void)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
		perror("lo");
		exit(1);
	}
}
