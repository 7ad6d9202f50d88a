/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of bench-inspection that costs next to nothing itself: one process, one
 * thread, HTTP/1.1 over some connections. It measures and judges nothing; a connection that
 * breaks or an answer other than 200 is counted as an error.
 *
 *   load new ADDRESS CONNECTIONS SECONDS      a connection for each request
 *   load get ADDRESS PATH SECONDS             bodies, one connection each
 *   load post ADDRESS PATH MEGABYTES SECONDS  bodies of so many MiB, one connection each
 *
 * Prints: count, errors, seconds, bytes of bodies, median microseconds of one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST	64	   /* connections */
#define SAMPLES (1u << 22) /* times kept; more are not measured */
#define BLOCK	(1u << 20)

struct connection {
	int fd;
	double begin;
	bool answered;
};

static struct sockaddr_in server = { .sin_family = AF_INET };
static struct connection connections[MOST];
static int epoll_fd;
static unsigned long count, errors;
static double bytes;
static float *times;
static size_t time_count;
static char block[BLOCK];

static const char common[] = "Host: www.example.org\r\n"
			     "User-Agent: Mozilla/5.0 (X11; Linux x86_64) load\r\n"
			     "Accept: text/html,application/xhtml+xml\r\n"
			     "Accept-Language: en\r\n"
			     "Cookie: session=0123456789abcdef0123456789abcdef\r\n";

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void measured(double begin)
{
	count++;
	if (time_count < SAMPLES)
		times[time_count++] = (float)((now() - begin) * 1e6);
}

static int compare(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void report(double begin)
{
	double seconds = now() - begin;

	qsort(times, time_count, sizeof(*times), compare);
	printf("%lu %lu %.6f %.0f %.1f\n", count, errors, seconds, bytes,
	       time_count ? (double)times[time_count / 2] : 0.0);
}

static int connected(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		die("connect");
	return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		data += n;
		len -= (size_t)n;
	}
}

static void ask(struct connection *c)
{
	char request[1024];
	int len = snprintf(request, sizeof(request),
			   "GET /index.html?some=parameter HTTP/1.1\r\n"
			   "%sConnection: close\r\n\r\n",
			   common);

	c->answered = false;
	send_all(c->fd, request, (size_t)len);
}

static void open_one(struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	c->begin = now();
	c->fd = connected();
	ask(c);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event))
		die("epoll");
}

static void again(struct connection *c)
{
	if (c->answered)
		measured(c->begin);
	else
		errors++;
	close(c->fd);
	open_one(c);
}

/* Answers are small: they come whole. */
static void readable(struct connection *c)
{
	char answer[4096];
	ssize_t n = recv(c->fd, answer, sizeof(answer), 0);

	if (n <= 0)
		again(c);
	else
		c->answered = n > 12 && !memcmp(answer, "HTTP/1.1 200", 12);
}

static void requests(int number, double seconds)
{
	struct epoll_event events[MOST];
	double begin, end;

	epoll_fd = epoll_create1(0);
	for (int i = 0; i < number; i++)
		open_one(&connections[i]);
	begin = now();
	end = begin + seconds;
	while (now() < end) {
		int ready = epoll_wait(epoll_fd, events, MOST, 100);

		for (int i = 0; i < ready; i++)
			readable(events[i].data.ptr);
	}
	report(begin);
}

/* The head of the answer, and what came behind it; its length is added to `bytes`. */
static size_t head(int fd, size_t *length)
{
	char answer[16384];
	size_t have = 0;
	const char *end, *field;

	do {
		ssize_t n = recv(fd, answer + have, sizeof(answer) - 1 - have, 0);

		if (n <= 0)
			die("receive");
		have += (size_t)n;
		answer[have] = 0;
		end = strstr(answer, "\r\n\r\n");
	} while (!end);
	if (memcmp(answer, "HTTP/1.1 200", 12))
		errors++;
	field = strstr(answer, "Content-Length: ");
	*length = field ? strtoul(field + 16, NULL, 10) : 0;
	return have - (size_t)(end + 4 - answer);
}

static void receive_answer(int fd, bool counted)
{
	size_t length, have = head(fd, &length);

	while (have < length) {
		ssize_t n = recv(fd, block, sizeof(block), 0);

		if (n <= 0)
			die("receive");
		have += (size_t)n;
	}
	if (counted)
		bytes += (double)length;
}

static void transfer(const char *path, unsigned int megabytes)
{
	char request[1024];
	double begin = now();
	int fd = connected(), len;

	len = megabytes ? snprintf(request, sizeof(request),
				   "POST %s HTTP/1.1\r\n%sContent-Type: text/plain\r\n"
				   "Content-Length: %zu\r\n\r\n",
				   path, common, (size_t)megabytes << 20)
			: snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s\r\n", path,
				   common);
	send_all(fd, request, (size_t)len);
	for (unsigned int i = 0; i < megabytes; i++)
		send_all(fd, block, sizeof(block));
	bytes += (double)megabytes * BLOCK;
	receive_answer(fd, !megabytes);
	close(fd);
	measured(begin);
}

static void transfers(const char *path, unsigned int megabytes, double seconds)
{
	double begin = now();

	for (size_t i = 0; i < sizeof(block); i++) /* text, in lines */
		block[i] = i % 64 ? (char)('a' + i * i % 23) : '\n';
	do
		transfer(path, megabytes);
	while (now() < begin + seconds);
	report(begin);
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";

	server.sin_port = htons(80);
	times = calloc(SAMPLES, sizeof(*times));
	if (argc < 5 || inet_pton(AF_INET, argv[2], &server.sin_addr) != 1 || !times) {
		fprintf(stderr, "load: wrong arguments: see the top of load.c\n");
		return 2;
	}
	if (!strcmp(what, "new") && atoi(argv[3]) <= MOST)
		requests(atoi(argv[3]), atof(argv[4]));
	else if (!strcmp(what, "get"))
		transfers(argv[3], 0, atof(argv[4]));
	else if (!strcmp(what, "post") && argc == 6)
		transfers(argv[3], (unsigned int)atoi(argv[4]), atof(argv[5]));
	else
		return 2;
	return 0;
}
