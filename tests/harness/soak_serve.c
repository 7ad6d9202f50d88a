/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server of soak.c: a digest of each request, and counts of what arrived. */
#include "tests/harness/soak.h"

struct served {
	int fd;
	char head[1024];
	size_t len;
	uint64_t left, digest; /* of the body; of the request */
	uint32_t word;	       /* the last four bytes of the body */
	bool in_body, attack, closes;
};

static struct {
	unsigned long long connections, requests, attacks, bytes;
} counts;
static volatile sig_atomic_t asked;

static void ask_counts(int signal_number)
{
	(void)signal_number;
	asked = 1;
}

static void answer_request(struct served *served)
{
	char answer[ANSWER + 1];

	write_answer(answer, served->digest);
	counts.requests++;
	counts.attacks += served->attack;
	(void)send(served->fd, answer, ANSWER, MSG_NOSIGNAL);
	served->len = 0;
	served->in_body = served->attack = false;
	served->digest = digest_begin;
}

static void end_head(struct served *served)
{
	const char *path = strchr(served->head, ' '),
		   *length = strstr(served->head, "\nContent-Length: ");

	served->attack = path && !strncmp(path, " /attack", 8);
	served->closes = strstr(served->head, "\nConnection: close") != NULL;
	served->left = length ? strtoull(length + 17, NULL, 10) : 0;
	served->word = 0;
	served->in_body = served->left > 0;
	if (!served->in_body)
		answer_request(served);
}

static size_t take_body(struct served *served, const char *data, size_t len)
{
	size_t count = len < served->left ? len : (size_t)served->left;

	for (size_t i = 0; i < count; i++) {
		served->word = served->word << 8 | (uint8_t)data[i];
		served->attack |= served->word == 0x6576696c;
	}
	served->digest = digest_add(served->digest, data, count);
	served->left -= count;
	if (!served->left)
		answer_request(served);
	return count;
}

static void take_head(struct served *served, char byte)
{
	if (served->len + 1 == sizeof(served->head))
		fail("a head is too long");
	served->head[served->len++] = byte;
	served->head[served->len] = '\0';
	served->digest = digest_add(served->digest, &byte, 1);
	if (byte == '\n' && served->len >= 4 &&
	    !memcmp(served->head + served->len - 4, "\r\n\r\n", 4))
		end_head(served);
}

static void serve_one(struct served *served)
{
	static char buffer[256 << 10];
	ssize_t got = recv(served->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	size_t i = 0, len = got > 0 ? (size_t)got : 0;

	if (got < 0 && errno == EAGAIN)
		return;
	counts.bytes += len;
	while (i < len) {
		if (served->in_body)
			i += take_body(served, buffer + i, len - i);
		else
			take_head(served, buffer[i++]);
	}
	if (got > 0 && !(served->closes && !served->len && !served->in_body))
		return;
	close(served->fd);
	free(served);
}

static void accept_one(int epoll, int listener)
{
	struct served *served = calloc(1, sizeof(*served));

	if (!served)
		fail("no memory");
	served->digest = digest_begin;
	served->fd = accept(listener, NULL, NULL);
	if (served->fd < 0) {
		free(served);
		return;
	}
	counts.connections++;
	at_once(served->fd);
	watch(epoll, EPOLL_CTL_ADD, served->fd, EPOLLIN, served);
}

int serve(char *arguments[])
{
	struct sockaddr_in address = address_of("0.0.0.0", arguments[0]);
	struct sigaction action = { .sa_handler = ask_counts };
	int listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0), on = 1;
	struct epoll_event events[MOST];

	sigaction(SIGUSR1, &action, NULL);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 4096))
		fail("listen: %s", strerror(errno));
	watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
	for (;;) {
		int count = epoll_wait(epoll, events, MOST, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve_one(events[i].data.ptr);
			else
				accept_one(epoll, listener);
		}
		if (!asked)
			continue;
		asked = 0;
		printf("connections=%llu requests=%llu attacks=%llu bytes=%llu\n",
		       counts.connections, counts.requests, counts.attacks, counts.bytes);
		fflush(stdout);
	}
}
