/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What client and server of soak.c share. */
#ifndef VP_TESTS_SOAK_H
#define VP_TESTS_SOAK_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST   64 /* events at once */
#define ANSWER 55 /* bytes of an answer */

static const uint64_t digest_begin = 0xcbf29ce484222325u;

static inline uint64_t digest_add(uint64_t digest, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ (uint8_t)data[i]) * 0x100000001b3u;
	return digest;
}

static inline void write_answer(char answer[ANSWER + 1], uint64_t digest)
{
	snprintf(answer, ANSWER + 1, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n%016llx",
		 (unsigned long long)digest);
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *format,
									...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "soak: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(1);
}

static inline struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		fail("%s is no address", host);
	return address;
}

static inline void watch(int epoll, int operation, int fd, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };

	if (epoll_ctl(epoll, operation, fd, &event))
		fail("epoll: %s", strerror(errno));
}

static inline void at_once(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Answer requests until a signal ends it. */
int serve(char *arguments[]);

#endif
