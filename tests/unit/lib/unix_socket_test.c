/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers at paths and their clients, in a folder of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/memory.h"
#include "lib/unix_socket.h"

#define SERVER "test.socket"

struct world {
	char folder[32];
	char *path; /* in it */
};

static int make_world(void **state)
{
	struct world *w = vp_new(struct world);

	strcpy(w->folder, "/tmp/vp-unix-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->path = vp_format("%s/socket", w->folder);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	(void)unlink(w->path);
	assert_int_equal(rmdir(w->folder), 0);
	free(w->path);
	free(w);
	return 0;
}

static mode_t mode_of(const char *path)
{
	struct stat file;

	assert_int_equal(lstat(path, &file), 0);
	return file.st_mode;
}

static void listens_as(const struct world *w, mode_t mode)
{
	struct vp_error err = { 0 };
	_cleanup_close_ int fd = vp_unix_listen(w->path, SOCK_SEQPACKET, mode, 1, &err);

	assert_true(fd >= 0);
	assert_int_equal(mode_of(w->path), S_IFSOCK | mode);
}

/* Whatever the umask is, and it is the same afterwards. */
static void the_mode_is_what_was_asked_for(void **state)
{
	mode_t before = umask(0);

	listens_as(*state, 0600);
	listens_as(*state, 0666); /* in the place of the other one, which is dead */
	assert_int_equal(umask(077), 0);
	listens_as(*state, 0666);
	assert_int_equal(umask(before), 077);
}

static void has_flags(int fd, bool blocks)
{
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(!(fcntl(fd, F_GETFL) & O_NONBLOCK), blocks);
}

static void a_client_reaches_its_server(void **state)
{
	const struct world *w = *state;
	struct vp_error err = { 0 };
	_cleanup_close_ int server = vp_unix_listen(w->path, SOCK_STREAM, 0600, 1, &err);
	_cleanup_close_ int client =
		vp_unix_connect(w->path, SOCK_STREAM | SOCK_NONBLOCK, SERVER, &err);
	_cleanup_close_ int accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	_cleanup_close_ int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char byte = 0;

	has_flags(server, true);
	has_flags(client, false);
	assert_int_equal(err.code, 0);
	assert_int_equal(send(client, "x", 1, 0), 1);
	assert_int_equal(recv(accepted, &byte, 1, 0), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(vp_unix_check_peer(accepted, &err), 0);
	assert_int_equal(vp_unix_check_peer(file, &err), -ENOTSOCK);
}

/* By a process that is not root; false: there can be none. */
static bool connect_as_nobody(const char *path)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child && (geteuid() || setuid(65534)))
		_exit(77);
	if (!child)
		_exit(vp_unix_connect(path, SOCK_STREAM, SERVER, NULL) < 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	return !WEXITSTATUS(status);
}

static void nobody_may_ask(void **state)
{
	const struct world *w = *state;
	_cleanup_close_ int server = -1, accepted = -1;
	struct vp_error err = { 0 };

	assert_int_equal(chmod(w->folder, 0755), 0);
	server = vp_unix_listen(w->path, SOCK_STREAM, 0666, 1, &err);
	assert_true(server >= 0);
	if (!connect_as_nobody(w->path))
		skip();
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(vp_unix_check_peer(accepted, &err), -EPERM);
	assert_string_equal(err.text, "user 65534 may not ask this program");
}

static void is_not_reached(const char *path, int type, int error)
{
	struct vp_error err = { 0 };

	assert_int_equal(vp_unix_connect(path, type, SERVER, &err), error);
	assert_int_equal(err.code, error);
	assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
	assert_true(!strncmp(err.text + strlen(path), ": ", 2));
}

static void who_is_not_there_is_named(void **state)
{
	const struct world *w = *state;
	struct vp_error err = { 0 };

	assert_int_equal(vp_unix_connect(w->path, SOCK_STREAM, SERVER, &err), -ENOENT);
	assert_non_null(strstr(err.text, "cannot reach " SERVER));
	assert_non_null(strstr(err.text, "(systemctl status " SERVER ")"));
	listens_as(w, 0600); /* and ends */
	is_not_reached(w->path, SOCK_SEQPACKET, -ECONNREFUSED);
}

static void a_server_is_of_a_type_and_has_an_end(void **state)
{
	const struct world *w = *state;
	_cleanup_close_ int server = vp_unix_listen(w->path, SOCK_STREAM, 0600, 0, NULL);
	_cleanup_close_ int client = vp_unix_connect(w->path, SOCK_STREAM, SERVER, NULL);

	assert_true(server >= 0 && client >= 0);
	is_not_reached(w->path, SOCK_SEQPACKET, -EPROTOTYPE);
	is_not_reached(w->path, SOCK_STREAM | SOCK_NONBLOCK, -EAGAIN);
}

static void cannot_listen(const char *path, int error)
{
	struct vp_error err = { 0 };

	assert_int_equal(vp_unix_listen(path, SOCK_STREAM, 0600, 1, &err), error);
	assert_int_equal(err.code, error);
	assert_int_equal(strncmp(err.text, path, strlen(path)), 0);
}

static void what_is_no_socket_stays(void **state)
{
	const struct world *w = *state;
	struct vp_error err;

	assert_int_equal(vp_file_write(w->path, "x", 1, 0600, &err), 0);
	cannot_listen(w->path, -EADDRINUSE);
	assert_int_equal(mode_of(w->path), S_IFREG | 0600);
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(symlink("elsewhere", w->path), 0);
	cannot_listen(w->path, -EADDRINUSE);
	assert_true(S_ISLNK(mode_of(w->path)));
}

static void a_path_has_bounds(void **state)
{
	const struct world *w = *state;
	char path[109];
	struct vp_error err = { 0 };

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	is_not_reached(path, SOCK_STREAM, -ENAMETOOLONG);
	cannot_listen(path, -ENAMETOOLONG);
	path[sizeof(path) - 2] = '\0';
	is_not_reached(path, SOCK_STREAM, -ENOENT);
	is_not_reached("", SOCK_STREAM, -EINVAL);
	cannot_listen("", -EINVAL);
	cannot_listen("/proc/nowhere/socket", -ENOENT);
	assert_int_equal(vp_unix_connect(w->path, -1, SERVER, &err), -EINVAL);
}

static void a_message_carries_a_descriptor(void **state)
{
	int pair[2], ends[2], fd = 0;
	char got[4], byte;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(vp_unix_receive(pair[1], got, 4, MSG_DONTWAIT, &fd), -EAGAIN);
	assert_int_equal(fd, -1);
	assert_int_equal(vp_unix_send(pair[0], "abcd", 4, 0, ends[1]), 0);
	close(ends[1]);
	assert_int_equal(vp_unix_receive(pair[1], got, 4, 0, &fd), 4);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	/* one that came with too much is closed */
	assert_int_equal(vp_unix_send(pair[0], "abcde", 5, 0, fd), 0);
	close(fd);
	assert_int_equal(vp_unix_receive(pair[1], got, 4, 0, &fd), -EMSGSIZE);
	assert_int_equal(fd, -1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	assert_int_equal(vp_unix_send(pair[0], "ab", 2, 0, -1), 0);
	assert_int_equal(vp_unix_receive(pair[1], got, 4, 0, &fd), 2);
	assert_int_equal(fd, -1);
	close(pair[0]);
	assert_int_equal(vp_unix_receive(pair[1], got, 4, 0, &fd), 0);
	assert_int_equal(vp_unix_send(pair[1], "ab", 2, 0, -1), -EPIPE);
	close(pair[1]);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, make_world, end_world)
		TEST(the_mode_is_what_was_asked_for),
		TEST(a_client_reaches_its_server),
		TEST(nobody_may_ask),
		TEST(who_is_not_there_is_named),
		TEST(a_server_is_of_a_type_and_has_an_end),
		TEST(what_is_no_socket_stays),
		TEST(a_path_has_bounds),
		TEST(a_message_carries_a_descriptor),
	};

	return cmocka_run_group_tests_name("unix_socket", tests, NULL, NULL);
}
