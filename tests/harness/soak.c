/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long and many connections for the system tests. The server answers each request
 * with a digest of all its bytes, and counts what reached it; the client compares, so
 * that nothing is lost or altered unnoticed. An attack is a path that begins with
 * "/attack" or a body with "evil" in it. It knows nothing of vpatch.
 *
 *   soak serve PORT
 *       prints connections, requests, attacks and bytes at SIGUSR1
 *   soak requests ADDRESS PORT COUNT
 *       one connection, 50 requests at once; then an attack
 *   soak upload ADDRESS PORT PATH MEGABYTES
 *       one connection: an upload, a request, then an attack
 *   soak word ADDRESS PORT WORD
 *       a request with that query
 *   soak connections ADDRESS PORT COUNT AT-ONCE EVERY
 *       short ones, ended in all ways; every EVERY-th is an attack
 *   soak changes ADDRESS PORT KEPT SHORT
 *       load on so many connections until standard input ends. A line "half" there
 *       begins attacks and is answered when all are half sent; "rest" sends the rest
 *       of most, and of the others one "rest" later
 *
 * The client exits with 1 where a request is not answered, or not as it was sent.
 */
#include "tests/harness/soak.h"

#define BATCH	 50    /* pipelined requests */
#define HELD_MS	 50    /* an attack is given up; before it would be sent again */
#define STUCK_MS 20000 /* nothing waits for so long */
#define PAUSE_MS 2     /* between requests of a load */
#define HALVES	 4     /* attacks of a round */
#define MEGABYTE (1u << 20)

static const char path_attack[] = "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n";
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* One connection, step by step */

static int connect_to(char *arguments[])
{
	struct sockaddr_in address = address_of(arguments[0], arguments[1]);
	struct timeval most = { .tv_sec = STUCK_MS / 1000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect: %s", strerror(errno));
	at_once(fd);
	return fd;
}

static uint64_t send_all(int fd, uint64_t digest, const char *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t sent = send(fd, data + done, len - done, MSG_NOSIGNAL);

		if (sent < 0)
			fail("send: %s", strerror(errno));
		done += (size_t)sent;
	}
	return digest_add(digest, data, len);
}

static void expect_answer(int fd, uint64_t digest)
{
	char expected[ANSWER + 1], got[ANSWER];
	ssize_t len = recv(fd, got, ANSWER, MSG_WAITALL);

	write_answer(expected, digest);
	if (len < 0)
		fail("no answer: %s", strerror(errno));
	if (len != ANSWER || memcmp(expected, got, ANSWER))
		fail("another answer: %.*s", (int)len, got);
}

/* What is not answered is not sent again for long after: the connection is reset. */
static void attack(int fd, const char *text, uint64_t began, const char *what)
{
	const struct linger linger = { .l_onoff = 1 };
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	double seconds = (double)(now() - began) / 1000;
	bool answered;
	char byte;

	send_all(fd, 0, text, strlen(text));
	answered = poll(&answer, 1, 700) > 0 && recv(fd, &byte, 1, 0) > 0;
	printf("%s in %.1f s, the attack was %s\n", what, seconds,
	       answered ? "answered" : "stopped");
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
}

static int word(char *arguments[])
{
	char text[256];
	int fd = connect_to(arguments);

	snprintf(text, sizeof(text), "GET /?word=%s HTTP/1.1\r\nHost: a\r\n\r\n",
		 arguments[2]);
	attack(fd, text, now(), "a word");
	return 0;
}

static int requests(char *arguments[])
{
	unsigned long count = strtoul(arguments[2], NULL, 10);
	uint64_t digests[BATCH], begin = now();
	int fd = connect_to(arguments);

	for (unsigned long done = 0; done < count;) {
		char text[BATCH * 128];
		size_t len = 0;
		int batch = 0;

		for (; batch < BATCH && done < count; batch++, done++) {
			int size =
				snprintf(text + len, sizeof(text) - len,
					 "GET /page/%lu?a=b HTTP/1.1\r\nHost: example.org\r\n"
					 "Cookie: c=%lu\r\n\r\n",
					 done, done * 7);

			digests[batch] = digest_add(digest_begin, text + len, (size_t)size);
			len += (size_t)size;
		}
		send_all(fd, 0, text, len);
		for (int i = 0; i < batch; i++)
			expect_answer(fd, digests[i]);
	}
	attack(fd, path_attack, begin, "requests");
	return 0;
}

static int upload(char *arguments[])
{
	static const char after[] = "GET /after HTTP/1.1\r\nHost: a\r\n\r\n";
	uint64_t megabytes = strtoull(arguments[3], NULL, 10), begin = now(), digest;
	static char block[MEGABYTE];
	int fd = connect_to(arguments);
	char head[256];
	int len = snprintf(head, sizeof(head),
			   "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %llu\r\n\r\n",
			   arguments[2], (unsigned long long)(megabytes * MEGABYTE));

	digest = send_all(fd, digest_begin, head, (size_t)len);
	for (uint64_t i = 0; i < megabytes; i++) {
		for (size_t j = 0; j < MEGABYTE; j++)
			block[j] = (char)('0' + (i + j * j) % 64);
		digest = send_all(fd, digest, block, MEGABYTE);
	}
	expect_answer(fd, digest);
	expect_answer(fd, send_all(fd, digest_begin, after, sizeof(after) - 1));
	attack(fd, path_attack, begin, "an upload");
	return 0;
}

/* Many connections at once */

enum kind { KEPT, SHORT, HALF };
enum phase { IDLE, CONNECTING, ANSWERING, ENDING, HALFWAY, HOLDING };

struct slot {
	enum kind kind;
	enum phase phase;
	int fd;
	bool attack;
	unsigned long number; /* of its request */
	unsigned int rounds;  /* until the rest is sent */
	uint64_t due, since;  /* IDLE, HOLDING: then it goes on; the phase began */
	char expected[ANSWER + 1];
	char got[ANSWER];
	size_t len;
};

struct client {
	int epoll;
	struct sockaddr_in address;
	struct slot *slots;
	size_t slot_count;
	unsigned long most, every, pause; /* connections in all; attacks; between requests */
	unsigned long begun, connections, answered, attacks, delivered;
};

static void enter(struct slot *slot, enum phase phase, uint64_t after)
{
	slot->phase = phase;
	slot->since = now();
	slot->due = slot->since + after;
}

static void begin_connection(struct client *client, struct slot *slot)
{
	if (slot->kind != HALF && client->most && client->begun == client->most)
		return;
	slot->number = client->begun++;
	slot->attack = slot->kind == HALF ||
		       (client->every && slot->number % client->every == client->every - 1);
	slot->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	at_once(slot->fd);
	if (connect(slot->fd, (struct sockaddr *)&client->address, sizeof(client->address)) &&
	    errno != EINPROGRESS)
		fail("connection %lu: connect: %s", slot->number, strerror(errno));
	watch(client->epoll, EPOLL_CTL_ADD, slot->fd, EPOLLIN | EPOLLOUT, slot);
	enter(slot, CONNECTING, 0);
}

static void end_connection(struct client *client, struct slot *slot, bool reset)
{
	struct linger linger = { .l_onoff = 1 };

	if (reset)
		(void)setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(slot->fd);
	enter(slot, IDLE, client->pause);
}

static void send_text(struct slot *slot, const char *text, size_t len)
{
	if (send(slot->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		fail("connection %lu: send: %s", slot->number, strerror(errno));
}

static void ask(struct slot *slot)
{
	bool closes = slot->kind == SHORT && slot->number % 2 == 0,
	     in_two = slot->number % 4 == 2;
	char text[256];
	size_t len = (size_t)snprintf(
		text, sizeof(text),
		"POST /page/%lu HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n%s\r\n%08lu",
		slot->number, closes ? "Connection: close\r\n" : "", slot->number % 100000000);
	size_t first = in_two ? slot->number / 4 % len : 0;

	write_answer(slot->expected, digest_add(digest_begin, text, len));
	slot->len = 0;
	if (first)
		send_text(slot, text, first);
	send_text(slot, text + first, len - first);
	enter(slot, ANSWERING, 0);
}

static size_t attack_text(const struct slot *slot, const char **text)
{
	static const char body[] =
		"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nan evil...";

	*text = slot->number % 2 ? body : path_attack;
	return strlen(*text);
}

static size_t half_of(const struct slot *slot, size_t len)
{
	return 1 + slot->number / 2 % (len - 1);
}

static void send_half(struct client *client, struct slot *slot)
{
	const char *text;
	size_t len = attack_text(slot, &text);

	client->attacks++;
	send_text(slot, text, half_of(slot, len));
	enter(slot, HALFWAY, 0);
}

static void send_attack(struct client *client, struct slot *slot)
{
	const char *text;
	size_t len = attack_text(slot, &text);

	client->attacks++;
	send_text(slot, text, len);
	enter(slot, HOLDING, HELD_MS);
}

static void send_rest(struct slot *slot)
{
	const char *text;
	size_t len = attack_text(slot, &text), half = half_of(slot, len);

	if (send(slot->fd, text + half, len - half, MSG_NOSIGNAL) < 0 && errno != ECONNRESET &&
	    errno != EPIPE)
		fail("connection %lu: send: %s", slot->number, strerror(errno));
	enter(slot, HOLDING, 3ul * HELD_MS);
}

static void connected(struct client *client, struct slot *slot)
{
	socklen_t size = sizeof(int);
	int error = 0;

	(void)getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error)
		fail("connection %lu: connect: %s", slot->number, strerror(error));
	client->connections++;
	watch(client->epoll, EPOLL_CTL_MOD, slot->fd, EPOLLIN, slot);
	if (!slot->attack || slot->kind == HALF)
		ask(slot);
	else
		send_attack(client, slot);
}

static void answered(struct client *client, struct slot *slot)
{
	if (memcmp(slot->got, slot->expected, ANSWER))
		fail("request %lu: another answer: %.*s", slot->number, ANSWER, slot->got);
	client->answered++;
	if (slot->kind == HALF)
		send_half(client, slot);
	else if (slot->kind == KEPT)
		enter(slot, IDLE, client->pause);
	else if (slot->number % 2 == 0)
		enter(slot, ENDING, 0); /* the server ends it */
	else
		end_connection(client, slot, slot->number % 4 == 1);
}

static void receive(struct client *client, struct slot *slot)
{
	ssize_t got =
		recv(slot->fd, slot->got + slot->len % ANSWER, ANSWER - slot->len % ANSWER, 0);

	if (got < 0 && errno == EAGAIN)
		return;
	if (slot->phase == HALFWAY || slot->phase == HOLDING) {
		if (got > 0)
			client->delivered++;
		else /* reset: it is stopped all the same */
			watch(client->epoll, EPOLL_CTL_MOD, slot->fd, EPOLLET, slot);
		return;
	}
	if (slot->phase == ENDING && got == 0) {
		end_connection(client, slot, false);
		return;
	}
	if (slot->phase != ANSWERING || got <= 0)
		fail("connection %lu ends (%s) in phase %d after %zu bytes of %d",
		     slot->number, got < 0 ? strerror(errno) : "closed", slot->phase,
		     slot->len, ANSWER);
	slot->len += (size_t)got;
	if (slot->len == ANSWER)
		answered(client, slot);
}

/* What is due: the next request or connection, the end of an attack. */
static bool go_on(struct client *client, bool ends)
{
	uint64_t time = now();
	bool busy = false;

	for (size_t i = 0; i < client->slot_count; i++) {
		struct slot *slot = &client->slots[i];

		if (slot->phase == HOLDING && time >= slot->due)
			end_connection(client, slot, true);
		else if (slot->phase == IDLE && slot->kind != HALF && time >= slot->due &&
			 !ends) {
			if (slot->fd >= 0 && slot->kind == KEPT) {
				slot->number = client->begun++;
				ask(slot);
			} else {
				begin_connection(client, slot);
			}
		} else if (slot->phase != IDLE && slot->phase != HALFWAY &&
			   time > slot->since + STUCK_MS) {
			fail("connection %lu waits in phase %d", slot->number, slot->phase);
		}
		busy |= slot->phase != IDLE && slot->phase != HALFWAY;
	}
	return busy;
}

static void take_events(struct client *client)
{
	struct epoll_event events[MOST];
	int count = epoll_wait(client->epoll, events, MOST, 1);

	for (int i = 0; i < count; i++) {
		struct slot *slot = events[i].data.ptr;

		if (!slot)
			continue; /* standard input */
		if (slot->phase == CONNECTING)
			connected(client, slot);
		else
			receive(client, slot);
	}
}

static struct client client_of(char *arguments[], size_t slots)
{
	struct client client = { .epoll = epoll_create1(0),
				 .address = address_of(arguments[0], arguments[1]),
				 .slots = calloc(slots, sizeof(struct slot)),
				 .slot_count = slots };

	if (!client.slots)
		fail("no memory");
	for (size_t i = 0; i < slots; i++) {
		client.slots[i].fd = -1;
		client.slots[i].kind = SHORT;
	}
	return client;
}

static void print_counts(const struct client *client)
{
	printf("connections=%lu answered=%lu attacks=%lu delivered=%lu\n", client->connections,
	       client->answered, client->attacks, client->delivered);
}

static int connections(char *arguments[])
{
	struct client client = client_of(arguments, strtoul(arguments[3], NULL, 10));

	client.most = strtoul(arguments[2], NULL, 10);
	client.every = strtoul(arguments[4], NULL, 10);
	while (go_on(&client, false) || client.begun < client.most)
		take_events(&client);
	print_counts(&client);
	return 0;
}

/* The last slots are those of attacks in halves. */
static void begin_halves(struct client *client)
{
	unsigned int count = 0;

	for (size_t i = 0; i < client->slot_count && count < HALVES; i++) {
		struct slot *slot = &client->slots[i];

		if (slot->kind != HALF || slot->phase != IDLE)
			continue;
		slot->rounds = count++ % HALVES ? 1 : 2;
		begin_connection(client, slot);
	}
	if (count < HALVES)
		fail("no room for attacks");
}

static bool all_halfway(const struct client *client)
{
	for (size_t i = 0; i < client->slot_count; i++)
		if (client->slots[i].kind == HALF && (client->slots[i].phase == CONNECTING ||
						      client->slots[i].phase == ANSWERING))
			return false;
	return true;
}

static void send_rests(struct client *client)
{
	for (size_t i = 0; i < client->slot_count; i++)
		if (client->slots[i].phase == HALFWAY && --client->slots[i].rounds == 0)
			send_rest(&client->slots[i]);
}

/* One command at a time: who gives it waits for the answer. False: there are no more. */
static bool take_command(struct client *client, bool *announce)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char command[16];
	ssize_t len;

	if (poll(&input, 1, 0) <= 0)
		return true;
	len = read(STDIN_FILENO, command, sizeof(command));
	if (len <= 0)
		return false;
	if (command[0] == 'h')
		begin_halves(client);
	else
		send_rests(client);
	*announce = true;
	return true;
}

static int changes(char *arguments[])
{
	unsigned long kept = strtoul(arguments[2], NULL, 10),
		      some = strtoul(arguments[3], NULL, 10);
	struct client client = client_of(arguments, kept + some + 64ul * HALVES);
	bool announce = false, goes_on = true;

	client.pause = PAUSE_MS;
	for (size_t i = 0; i < client.slot_count; i++)
		client.slots[i].kind = i < kept ? KEPT : i < kept + some ? SHORT : HALF;
	while (goes_on) {
		(void)go_on(&client, false);
		take_events(&client);
		if (announce && all_halfway(&client)) {
			announce = false;
			printf("ready\n");
			fflush(stdout);
		}
		goes_on = take_command(&client, &announce);
	}
	while (go_on(&client, true))
		take_events(&client);
	print_counts(&client);
	return 0;
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(char *arguments[]);
	} commands[] = {
		{ "serve", 1, serve },
		{ "requests", 3, requests },
		{ "word", 3, word },
		{ "upload", 4, upload },
		{ "connections", 5, connections },
		{ "changes", 4, changes },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc > 1 && !strcmp(argv[1], commands[i].name) &&
		    argc - 2 == commands[i].arguments)
			return commands[i].run(argv + 2);
	fprintf(stderr, "soak: wrong arguments: see the top of soak.c\n");
	return 2;
}
