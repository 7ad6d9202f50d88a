/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic for tests and the demonstration: a listener, a sender, and a pump
 * that mixes attack and benign datagrams without pause. It knows nothing of
 * vpatch; what arrived is told by the listener alone.
 *
 *   traffic listen udp|tcp ADDRESS PORT [ANSWER]
 *       prints every payload as text, until a signal
 *   traffic count ADDRESS PORT ATTACK-BYTE
 *       counts datagrams by first byte, until a signal
 *   traffic send udp|tcp ADDRESS PORT PAYLOAD [FROM]
 *       exit 0 and the answer when there is one within 300 ms
 *   traffic flood ADDRESS PORT PAYLOAD COUNT
 *       as fast as possible
 *   traffic pump ADDRESS PORT ATTACK BENIGN PAUSE-US
 *       alternating, until a signal; prints what was sent
 *
 * Payloads are text with \xHH, \r, \n, \t, \0 and \\.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void stop_on_signals(void)
{
	struct sigaction action = { .sa_handler =
					    stop }; /* no SA_RESTART: blocking calls return */

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Undo the escapes in place; the length of the bytes. */
static size_t unescape(char *text)
{
	static const char from[] = "rnt0\\", to[] = "\r\n\t\0\\";
	size_t n = 0;

	for (char *p = text; *p; p++) {
		const char *found;

		if (*p != '\\') {
			text[n++] = *p;
		} else if (p[1] == 'x' && isxdigit((unsigned char)p[2]) &&
			   isxdigit((unsigned char)p[3])) {
			text[n++] = (char)(hex_digit(p[2]) << 4 | hex_digit(p[3]));
			p += 3;
		} else if (p[1] && (found = strchr(from, p[1]))) {
			text[n++] = to[found - from];
			p++;
		} else {
			fprintf(stderr, "traffic: expected an escape, found %s\n", p);
			exit(2);
		}
	}
	return n;
}

static struct addrinfo *resolve(const char *address, const char *port, int type)
{
	struct addrinfo hints = { .ai_socktype = type, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *found;

	if (getaddrinfo(address, port, &hints, &found))
		die(address);
	return found;
}

static int socket_for(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0), on = 1;
	int size = 64 << 20;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static int bound(const char *address, const char *port, int type)
{
	struct addrinfo *ai = resolve(address, port, type);
	int fd = socket_for(ai);

	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 64))
		die("listen");
	freeaddrinfo(ai);
	printf("ready\n");
	fflush(stdout);
	return fd;
}

static void print_payload(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (isprint((unsigned char)data[i]) && data[i] != '\\')
			putchar(data[i]);
		else
			printf("\\x%02x", (unsigned char)data[i]);
	}
	putchar('\n');
	fflush(stdout);
}

static void serve_connection(int fd, const char *answer, size_t answer_len)
{
	char data[65536];
	ssize_t n;

	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		print_payload(data, (size_t)n);
		if (answer_len && send(fd, answer, answer_len, MSG_NOSIGNAL) < 0)
			break;
	}
	close(fd);
}

static int command_listen(char **argv)
{
	bool tcp = !strcmp(argv[0], "tcp");
	int fd = bound(argv[1], argv[2], tcp ? SOCK_STREAM : SOCK_DGRAM);
	size_t answer_len = argv[3] ? unescape(argv[3]) : 0;
	struct sockaddr_storage peer;
	char data[65536];

	while (!stopped) {
		socklen_t peer_len = sizeof(peer);
		ssize_t n;

		if (tcp) {
			int connection = accept(fd, NULL, NULL);

			if (connection >= 0)
				serve_connection(connection, argv[3], answer_len);
			continue;
		}
		n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&peer, &peer_len);
		if (n < 0)
			continue;
		print_payload(data, (size_t)n);
		if (answer_len)
			sendto(fd, argv[3], answer_len, 0, (struct sockaddr *)&peer, peer_len);
	}
	return 0;
}

static int command_count(char **argv)
{
	int fd = bound(argv[0], argv[1], SOCK_DGRAM), on = 1;
	uint64_t attack = 0, benign = 0;
	size_t length = unescape(argv[2]);
	char byte;

	if (length != 1)
		die("the attack byte is one byte");
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	while (!stopped)
		if (recv(fd, &byte, 1, 0) == 1)
			byte == argv[2][0] ? attack++ : benign++;
	while (recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		byte == argv[2][0] ? attack++ : benign++;
	printf("attack=%" PRIu64 " benign=%" PRIu64 "\n", attack, benign);
	return 0;
}

static int connected(char **argv, int type, const char *from)
{
	struct addrinfo *ai = resolve(argv[0], argv[1], type);
	struct timeval second = { .tv_sec = 1 };
	int fd = socket_for(ai);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	if (from) {
		struct addrinfo *local = resolve(from, "0", type);

		if (bind(fd, local->ai_addr, local->ai_addrlen))
			die(from);
		freeaddrinfo(local);
	}
	if (connect(fd, ai->ai_addr, ai->ai_addrlen)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return fd;
}

/* EPERM: sent, and dropped on its way out of this host. */
static bool sent(int fd, const char *data, size_t len)
{
	return send(fd, data, len, MSG_NOSIGNAL) == (ssize_t)len || errno == EPERM;
}

static int command_send(char **argv)
{
	int type = !strcmp(argv[0], "tcp") ? SOCK_STREAM : SOCK_DGRAM;
	int fd = connected(argv + 1, type, argv[4]);
	size_t len = unescape(argv[3]);
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	char data[65536];
	ssize_t n;

	if (fd < 0 || !sent(fd, argv[3], len)) {
		printf("no connection\n");
		return 1;
	}
	if (poll(&answer, 1, 300) > 0 && (n = recv(fd, data, sizeof(data), 0)) > 0)
		print_payload(data, (size_t)n);
	close(fd);
	return 0;
}

static int command_flood(char **argv)
{
	int fd = connected(argv, SOCK_DGRAM, NULL);
	struct iovec part = { .iov_base = argv[2], .iov_len = unescape(argv[2]) };
	uint64_t left = strtoull(argv[3], NULL, 10), total = 0;
	struct mmsghdr batch[256];

	memset(batch, 0, sizeof(batch));
	for (size_t i = 0; i < 256; i++) {
		batch[i].msg_hdr.msg_iov = &part;
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	while (fd >= 0 && left && !stopped) {
		int n = sendmmsg(fd, batch, left < 256 ? (unsigned int)left : 256, 0);

		if (n < 0 && errno == EPERM)
			n = 1; /* it was sent, and dropped on its way out of this host */
		if (n < 0 && errno != EINTR && errno != ECONNREFUSED && errno != ENOBUFS)
			die("sendmmsg");
		if (n > 0) {
			total += (uint64_t)n;
			left -= (uint64_t)n;
		}
	}
	printf("sent=%" PRIu64 "\n", total);
	return 0;
}

static int command_pump(char **argv)
{
	int fd = connected(argv, SOCK_DGRAM, NULL);
	size_t attack_len = unescape(argv[2]), benign_len = unescape(argv[3]);
	useconds_t pause_us = (useconds_t)strtoul(argv[4], NULL, 10);
	uint64_t attack = 0, benign = 0;

	printf("ready\n");
	fflush(stdout);
	while (!stopped) {
		attack += sent(fd, argv[2], attack_len);
		benign += sent(fd, argv[3], benign_len);
		if (pause_us)
			usleep(pause_us);
	}
	printf("attack=%" PRIu64 " benign=%" PRIu64 "\n", attack, benign);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int least; /* arguments */
		int (*run)(char **argv);
	} commands[] = {
		{ "listen", 3, command_listen }, { "count", 3, command_count },
		{ "send", 4, command_send },	 { "flood", 4, command_flood },
		{ "pump", 5, command_pump },
	};

	stop_on_signals();
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].least)
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: traffic listen|count|send|flood|pump ...\n");
	return 2;
}
