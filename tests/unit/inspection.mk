# SPDX-License-Identifier: GPL-2.0-or-later

# packets in order
check_PROGRAMS += inspection_packet_test inspection_stream_test inspection_stream_property_test
TESTS += inspection_packet_test inspection_stream_test inspection_stream_property_test
inspection_packet_test_SOURCES = tests/unit/inspection/packet_test.c
inspection_packet_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_packet_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
inspection_stream_test_SOURCES = tests/unit/inspection/stream_test.c
inspection_stream_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_stream_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
inspection_stream_property_test_SOURCES = tests/unit/inspection/stream_property_test.c
inspection_stream_property_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_stream_property_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)

# parsers
check_PROGRAMS += inspection_parsers_test
TESTS += inspection_parsers_test
inspection_parsers_test_SOURCES = \
	tests/unit/inspection/command_test.c \
	tests/unit/inspection/parsers_test.c \
	tests/unit/inspection/parsers_tests.h \
	tests/unit/inspection/raw_test.c \
	tests/unit/inspection/record.c \
	tests/unit/inspection/record.h \
	tests/unit/inspection/run.c \
	tests/unit/inspection/run.h
inspection_parsers_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_parsers_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a $(CMOCKA_LIBS)
