# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += inspect_ring_test inspect_queue_test inspect_sums_test
TESTS += inspect_ring_test inspect_queue_test inspect_sums_test
inspect_sums_test_SOURCES = tests/unit/inspect/sums_test.c
inspect_sums_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspect_sums_test_LDADD = libvpinspect.a libvpbase.a $(CMOCKA_LIBS)
inspect_ring_test_SOURCES = tests/unit/inspect/ring_test.c
inspect_ring_test_CFLAGS = $(AM_CFLAGS) -pthread $(CMOCKA_CFLAGS)
inspect_ring_test_LDADD = libvpinspect.a libvpbase.a $(CMOCKA_LIBS)
inspect_queue_test_SOURCES = tests/unit/inspect/queue_test.c
inspect_queue_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MNL_CFLAGS)
inspect_queue_test_LDADD = libvpinspect.a libvpbase.a $(MNL_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += inspect_ledger_test
TESTS += inspect_ledger_test
inspect_ledger_test_SOURCES = tests/unit/inspect/ledger_test.c
inspect_ledger_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspect_ledger_test_LDADD = libvpinspect.a libvpbase.a $(CMOCKA_LIBS)

# parts of the two processes
check_PROGRAMS += inspect_process_test
TESTS += inspect_process_test
inspect_process_test_SOURCES = tests/unit/inspect/process_test.c
inspect_process_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspect_process_test_LDADD = libvpinspect.a libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += inspect_programs_test
TESTS += inspect_programs_test
inspect_programs_test_SOURCES = tests/unit/inspect/programs_test.c
inspect_programs_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspect_programs_test_LDADD = libvpinspect.a libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# the writer, with a worker of the test's making
check_PROGRAMS += inspect_writer_test
TESTS += inspect_writer_test
inspect_writer_test_SOURCES = tests/unit/inspect/writer_test.c
inspect_writer_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(MNL_CFLAGS)
inspect_writer_test_LDADD = libvpinspect.a libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(MNL_LIBS) $(CMOCKA_LIBS)
EXTRA_inspect_writer_test_DEPENDENCIES = vpatchd-verdict
