/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small requests as fast as they go, for measurements: one process answers, one
 * asks over some connections, the next request on each as soon as the last was
 * answered.
 *
 *   requests serve PORT
 *   requests load ADDRESS PORT CONNECTIONS SECONDS
 *       prints requests a second, and the mean time of one in microseconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 64 /* events at once */

static const char request[] = "GET /index.html?some=parameter HTTP/1.1\r\n"
			      "Host: www.example.org\r\n"
			      "User-Agent: requests\r\n"
			      "Accept: text/html,application/xhtml+xml\r\n"
			      "Accept-Language: en\r\n"
			      "Cookie: session=0123456789abcdef0123456789abcdef\r\n"
			      "\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\n"
			       "Content-Type: text/plain\r\n"
			       "Content-Length: 3\r\n"
			       "\r\n"
			       "ok\n";

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "requests: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		die(host);
	return address;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("epoll");
}

/* A request comes whole, as it was sent. */
static void answer(int fd)
{
	char buffer[4096];
	ssize_t length = recv(fd, buffer, sizeof(buffer), 0);

	if (length <= 0 ||
	    send(fd, response, sizeof(response) - 1, MSG_NOSIGNAL) != sizeof(response) - 1)
		close(fd);
}

static int serve(char *port)
{
	struct sockaddr_in address = address_of("0.0.0.0", port);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	int epoll = epoll_create1(0);
	struct epoll_event events[MOST];

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1024))
		die("listen");
	watch(epoll, listener);
	for (;;) {
		int count = epoll_wait(epoll, events, MOST, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				watch(epoll, accept(listener, NULL, NULL));
			else
				answer(events[i].data.fd);
		}
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void ask(int fd)
{
	if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1)
		die("send");
}

static int load(char *arguments[])
{
	struct sockaddr_in address = address_of(arguments[0], arguments[1]);
	int connections = atoi(arguments[2]), epoll = epoll_create1(0);
	double begin = now(), end = begin + atof(arguments[3]);
	struct epoll_event events[MOST];
	unsigned long answered = 0;
	char buffer[4096];

	for (int i = 0; i < connections; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			die("connect");
		watch(epoll, fd);
		ask(fd);
	}
	while (now() < end) {
		int count = epoll_wait(epoll, events, MOST, 100);

		for (int i = 0; i < count; i++) {
			if (recv(events[i].data.fd, buffer, sizeof(buffer), 0) <= 0)
				die("receive");
			ask(events[i].data.fd);
			answered++;
		}
	}
	end = now();
	printf("%.0f requests/s, %.1f us\n", (double)answered / (end - begin),
	       (end - begin) * 1e6 * connections / (double)answered);
	return 0;
}

int main(int argc, char *argv[])
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 6 && !strcmp(argv[1], "load"))
		return load(argv + 2);
	fprintf(stderr, "requests: wrong arguments: see the top of requests.c\n");
	return 2;
}
