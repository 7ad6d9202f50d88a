# SPDX-License-Identifier: GPL-2.0-or-later

# packets in order
check_PROGRAMS += inspection_packet_test \
	inspection_stream_test inspection_stream_bounds_test inspection_stream_property_test
TESTS += inspection_packet_test \
	inspection_stream_test inspection_stream_bounds_test inspection_stream_property_test
inspection_packet_test_SOURCES = tests/unit/inspection/packet_test.c
inspection_packet_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_packet_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
inspection_stream_test_SOURCES = tests/unit/inspection/stream_test.c
inspection_stream_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_stream_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
inspection_stream_bounds_test_SOURCES = tests/unit/inspection/stream_bounds_test.c
inspection_stream_bounds_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_stream_bounds_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
inspection_stream_property_test_SOURCES = \
	tests/unit/inspection/stream_property_test.c \
	tests/unit/inspection/stream_world.c \
	tests/unit/inspection/stream_world.h
inspection_stream_property_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_stream_property_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)

# fragments
check_PROGRAMS += inspection_defragment_test
TESTS += inspection_defragment_test
inspection_defragment_test_SOURCES = tests/unit/inspection/defragment_test.c
inspection_defragment_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_defragment_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)

# parsers
check_PROGRAMS += inspection_parsers_test
TESTS += inspection_parsers_test
inspection_parsers_test_SOURCES = \
	tests/unit/inspection/command_test.c \
	tests/unit/inspection/dns_test.c \
	tests/unit/inspection/parsers_test.c \
	tests/unit/inspection/parsers_tests.h \
	tests/unit/inspection/raw_test.c \
	tests/unit/inspection/record.c \
	tests/unit/inspection/record.h \
	tests/unit/inspection/redis_test.c \
	tests/unit/inspection/run.c \
	tests/unit/inspection/run.h \
	tests/unit/inspection/smb_test.c \
	tests/unit/inspection/ssh_test.c \
	tests/unit/inspection/telnet_test.c \
	tests/unit/inspection/tls_test.c
inspection_parsers_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_parsers_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# values against rules
check_PROGRAMS += inspection_transform_test inspection_pattern_test \
	inspection_program_test inspection_unit_test
TESTS += inspection_transform_test inspection_pattern_test \
	inspection_program_test inspection_unit_test
inspection_pattern_test_SOURCES = \
	tests/unit/inspection/pattern_test.c \
	tests/unit/inspection/rules.c \
	tests/unit/inspection/rules.h
inspection_pattern_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_pattern_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
inspection_transform_test_SOURCES = tests/unit/inspection/transform_test.c
inspection_transform_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_transform_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a $(CMOCKA_LIBS)
inspection_program_test_SOURCES = \
	tests/unit/inspection/program_test.c \
	tests/unit/inspection/rules.c \
	tests/unit/inspection/rules.h
inspection_program_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_program_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
inspection_unit_test_SOURCES = \
	tests/unit/inspection/rules.c \
	tests/unit/inspection/rules.h \
	tests/unit/inspection/unit_naive_test.c \
	tests/unit/inspection/unit_number_test.c \
	tests/unit/inspection/unit_operators_test.c \
	tests/unit/inspection/unit_place_test.c \
	tests/unit/inspection/unit_property_test.c \
	tests/unit/inspection/unit_test.c
inspection_unit_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_unit_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# HTTP
check_PROGRAMS += inspection_http_test
TESTS += inspection_http_test
inspection_http_test_SOURCES = \
	tests/unit/inspection/http_body_test.c \
	tests/unit/inspection/http_framing_test.c \
	tests/unit/inspection/http_response_test.c \
	tests/unit/inspection/http_test.c \
	tests/unit/inspection/http_tests.h \
	tests/unit/inspection/record.c \
	tests/unit/inspection/record.h \
	tests/unit/inspection/run.c \
	tests/unit/inspection/run.h
inspection_http_test_CPPFLAGS = $(AM_CPPFLAGS) -DVP_SOURCE_DIR='"$(abs_top_srcdir)"'
inspection_http_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS) $(HTP_CFLAGS) $(ZLIB_CFLAGS)
inspection_http_test_LDADD = libvpinspection.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(CMOCKA_LIBS)

# the engine
check_PROGRAMS += inspection_flow_test
TESTS += inspection_flow_test
inspection_flow_test_SOURCES = tests/unit/inspection/flow_test.c
inspection_flow_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_flow_test_LDADD = libvpinspection.a libvpbase.a $(CMOCKA_LIBS)
check_PROGRAMS += inspection_engine_test
TESTS += inspection_engine_test
inspection_engine_test_SOURCES = \
	tests/unit/inspection/engine_test.c \
	tests/unit/inspection/engine_world.c \
	tests/unit/inspection/engine_world.h
inspection_engine_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_engine_test_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += inspection_leave_test
TESTS += inspection_leave_test
inspection_leave_test_SOURCES = \
	tests/unit/inspection/engine_world.c \
	tests/unit/inspection/engine_world.h \
	tests/unit/inspection/leave_test.c
inspection_leave_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_leave_test_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)

# what is remembered from unit to unit
check_PROGRAMS += inspection_variable_test
TESTS += inspection_variable_test
inspection_variable_test_SOURCES = \
	tests/unit/inspection/engine_world.c \
	tests/unit/inspection/engine_world.h \
	tests/unit/inspection/variable_test.c
inspection_variable_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_variable_test_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += inspection_leave_property_test
TESTS += inspection_leave_property_test
inspection_leave_property_test_SOURCES = \
	tests/unit/inspection/engine_world.c \
	tests/unit/inspection/engine_world.h \
	tests/unit/inspection/leave_property_test.c
inspection_leave_property_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_leave_property_test_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += inspection_memory_test
TESTS += inspection_memory_test
inspection_memory_test_SOURCES = \
	tests/unit/inspection/engine_world.c \
	tests/unit/inspection/engine_world.h \
	tests/unit/inspection/memory_test.c
inspection_memory_test_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
inspection_memory_test_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS) $(CMOCKA_LIBS)
