# SPDX-License-Identifier: GPL-2.0-or-later

# against the kernel, in a network namespace of its own
check_PROGRAMS += netfilter_kernel_test
TESTS += netfilter_kernel_test
netfilter_kernel_test_SOURCES = \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_drive.c \
	tests/unit/netfilter/kernel_drive.h \
	tests/unit/netfilter/kernel_test.c \
	tests/unit/netfilter/kernel_zoo.c
netfilter_kernel_test_CFLAGS = $(AM_CFLAGS) -pthread $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_kernel_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

# what goes to inspection, likewise
check_PROGRAMS += netfilter_queue_test
TESTS += netfilter_queue_test
netfilter_queue_test_SOURCES = \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_drive.c \
	tests/unit/netfilter/kernel_drive.h \
	tests/unit/netfilter/kernel_listener.c \
	tests/unit/netfilter/kernel_listener.h \
	tests/unit/netfilter/kernel_zoo.c \
	tests/unit/netfilter/queue_fixture.c \
	tests/unit/netfilter/queue_fixture.h \
	tests/unit/netfilter/queue_test.c
netfilter_queue_test_CFLAGS = $(AM_CFLAGS) -pthread $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_queue_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# which flows go by, likewise
check_PROGRAMS += netfilter_away_test
TESTS += netfilter_away_test
netfilter_away_test_SOURCES = \
	tests/unit/netfilter/away_test.c \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_drive.c \
	tests/unit/netfilter/kernel_drive.h \
	tests/unit/netfilter/kernel_listener.c \
	tests/unit/netfilter/kernel_listener.h \
	tests/unit/netfilter/kernel_zoo.c \
	tests/unit/netfilter/queue_fixture.c \
	tests/unit/netfilter/queue_fixture.h
netfilter_away_test_CFLAGS = $(AM_CFLAGS) -pthread $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_away_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# who is banned, likewise
check_PROGRAMS += netfilter_ban_test
TESTS += netfilter_ban_test
netfilter_ban_test_SOURCES = \
	tests/unit/netfilter/ban_test.c \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_drive.c \
	tests/unit/netfilter/kernel_drive.h \
	tests/unit/netfilter/kernel_listener.c \
	tests/unit/netfilter/kernel_listener.h \
	tests/unit/netfilter/kernel_zoo.c \
	tests/unit/netfilter/queue_fixture.c \
	tests/unit/netfilter/queue_fixture.h
netfilter_ban_test_CFLAGS = $(AM_CFLAGS) -pthread $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_ban_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# what outlives generations, and what others do to it
check_PROGRAMS += netfilter_kept_test
TESTS += netfilter_kept_test
netfilter_kept_test_SOURCES = \
	tests/unit/netfilter/kept_test.c \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_drive.c \
	tests/unit/netfilter/kernel_drive.h \
	tests/unit/netfilter/kernel_zoo.c
netfilter_kept_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS)
netfilter_kept_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)

# the text that nft(8) loads and our own transactions mean the same
check_PROGRAMS += netfilter_same_test
TESTS += netfilter_same_test
netfilter_same_test_SOURCES = \
	tests/unit/netfilter/kernel_build.c \
	tests/unit/netfilter/kernel_build.h \
	tests/unit/netfilter/kernel_zoo.c \
	tests/unit/netfilter/same_test.c
netfilter_same_test_CPPFLAGS = $(AM_CPPFLAGS) -DVP_SOURCE_DIR='"$(abs_top_srcdir)"'
netfilter_same_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MNL_CFLAGS) $(NFTNL_CFLAGS) $(JANSSON_CFLAGS)
netfilter_same_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a \
	$(NFTNL_LIBS) $(MNL_LIBS) $(JANSSON_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# the compiler, pure
check_PROGRAMS += netfilter_region_test netfilter_compile_test netfilter_compile_queue_test
TESTS += netfilter_region_test netfilter_compile_test netfilter_compile_queue_test
netfilter_region_test_SOURCES = tests/unit/netfilter/region_test.c
netfilter_region_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
netfilter_region_test_LDADD = libvpmodules.a libvpbase.a $(CMOCKA_LIBS)
netfilter_compile_test_SOURCES = tests/unit/netfilter/compile_test.c
netfilter_compile_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
netfilter_compile_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a $(INIH_LIBS) $(CMOCKA_LIBS)
netfilter_compile_queue_test_SOURCES = tests/unit/netfilter/compile_queue_test.c
netfilter_compile_queue_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
netfilter_compile_queue_test_LDADD = libvpmodules.a libvppolicy.a libvpbase.a $(INIH_LIBS) $(CMOCKA_LIBS)
