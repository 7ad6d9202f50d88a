# SPDX-License-Identifier: GPL-2.0-or-later

if FUZZERS
noinst_PROGRAMS += fuzz_nflog
fuzz_nflog_SOURCES = tests/fuzz/fuzz_nflog.c
fuzz_nflog_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_nflog_LDADD = libvpagent.a libvpbase.a
endif
EXTRA_DIST += \
	tests/fuzz/corpus/nflog/batch \
	tests/fuzz/corpus/nflog/ipv6-extensions \
	tests/fuzz/corpus/nflog/monitor \
	tests/fuzz/corpus/nflog/record \
	tests/fuzz/corpus/nflog/tcp

if FUZZERS
noinst_PROGRAMS += fuzz_policy
fuzz_policy_SOURCES = tests/fuzz/fuzz_policy.c
fuzz_policy_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_policy_LDADD = libvppolicy.a libvpbase.a $(INIH_LIBS)
endif
EXTRA_DIST += tests/fuzz/policy.dict tests/fuzz/corpus/policy

if FUZZERS
noinst_PROGRAMS += fuzz_message fuzz_bundle
fuzz_message_SOURCES = tests/fuzz/fuzz_message.c
fuzz_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_message_LDADD = libvpagent.a libvpbase.a
fuzz_bundle_SOURCES = tests/fuzz/fuzz_bundle.c
fuzz_bundle_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_bundle_LDADD = $(VP_AGENT_LIBS)
endif
EXTRA_DIST += \
	tests/fuzz/corpus/bundle/empty \
	tests/fuzz/corpus/bundle/small \
	tests/fuzz/corpus/message/apply \
	tests/fuzz/corpus/message/events \
	tests/fuzz/corpus/message/mode \
	tests/fuzz/corpus/message/status

if FUZZERS
noinst_PROGRAMS += fuzz_queue
fuzz_queue_SOURCES = tests/fuzz/fuzz_queue.c
fuzz_queue_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
fuzz_queue_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_queue_LDADD = libvpinspect.a libvpbase.a $(MNL_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/queue/packet

if FUZZERS
noinst_PROGRAMS += fuzz_packet fuzz_stream
fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c
fuzz_packet_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_packet_LDADD = libvpinspection.a libvpbase.a
fuzz_stream_SOURCES = \
	tests/fuzz/fuzz_stream.c \
	tests/unit/inspection/stream_world.c \
	tests/unit/inspection/stream_world.h
fuzz_stream_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_stream_LDADD = libvpinspection.a libvpbase.a
endif
EXTRA_DIST += \
	tests/fuzz/corpus/packet/fragment6 \
	tests/fuzz/corpus/packet/icmp \
	tests/fuzz/corpus/packet/icmp6 \
	tests/fuzz/corpus/packet/tcp \
	tests/fuzz/corpus/packet/tcp6 \
	tests/fuzz/corpus/packet/udp \
	tests/fuzz/corpus/packet/udp6 \
	tests/fuzz/corpus/stream/long \
	tests/fuzz/corpus/stream/mixed \
	tests/fuzz/corpus/stream/short

if FUZZERS
noinst_PROGRAMS += fuzz_http
fuzz_http_SOURCES = \
	tests/fuzz/fuzz_http.c \
	tests/unit/inspection/record.c \
	tests/unit/inspection/record.h \
	tests/unit/inspection/run.c \
	tests/unit/inspection/run.h
fuzz_http_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_http_LDADD = libvpinspection.a libvppolicy.a libvpbase.a $(VP_INSPECTION_LIBS)
endif
EXTRA_DIST += tests/fuzz/http.dict tests/fuzz/corpus/http

if FUZZERS
noinst_PROGRAMS += fuzz_protocol
fuzz_protocol_SOURCES = \
	tests/fuzz/fuzz_protocol.c \
	tests/unit/inspection/record.c \
	tests/unit/inspection/record.h \
	tests/unit/inspection/run.c \
	tests/unit/inspection/run.h
fuzz_protocol_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_protocol_LDADD = libvpinspection.a libvppolicy.a libvpbase.a $(VP_INSPECTION_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/protocol

if FUZZERS
noinst_PROGRAMS += fuzz_program fuzz_transform
fuzz_program_SOURCES = tests/fuzz/fuzz_program.c
fuzz_program_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_program_LDADD = libvpinspection.a libvppolicy.a libvpbase.a $(VP_INSPECTION_LIBS)
fuzz_transform_SOURCES = tests/fuzz/fuzz_transform.c
fuzz_transform_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_transform_LDADD = libvpinspection.a libvppolicy.a libvpbase.a
endif
EXTRA_DIST += \
	tests/fuzz/corpus/program/numbers \
	tests/fuzz/corpus/program/patterns \
	tests/fuzz/corpus/program/slices \
	tests/fuzz/corpus/transform/base64 \
	tests/fuzz/corpus/transform/chain \
	tests/fuzz/corpus/transform/path \
	tests/fuzz/corpus/transform/url \
	tests/fuzz/corpus/transform/utf-8

if FUZZERS
noinst_PROGRAMS += fuzz_scopes
fuzz_scopes_SOURCES = tests/fuzz/fuzz_scopes.c
fuzz_scopes_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_scopes_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/scopes/empty tests/fuzz/corpus/scopes/programs tests/fuzz/corpus/scopes/tables

if FUZZERS
noinst_PROGRAMS += fuzz_engine
fuzz_engine_SOURCES = tests/fuzz/fuzz_engine.c
fuzz_engine_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_engine_LDADD = libvpinspection.a libvpmodules.a libvppolicy.a libvpbase.a \
	$(VP_INSPECTION_LIBS) $(INIH_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/engine/http tests/fuzz/corpus/engine/leave \
	tests/fuzz/corpus/engine/mail tests/fuzz/corpus/engine/reorder

if FUZZERS
noinst_PROGRAMS += fuzz_replay
fuzz_replay_SOURCES = tests/fuzz/fuzz_replay.c
fuzz_replay_CPPFLAGS = $(AM_CPPFLAGS) $(PCAP_CFLAGS)
fuzz_replay_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_replay_LDADD = libvpctl.a $(VP_CTL_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/replay

if FUZZERS
noinst_PROGRAMS += fuzz_audit_record fuzz_seccomp_file
fuzz_audit_record_SOURCES = tests/fuzz/fuzz_audit_record.c
fuzz_audit_record_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_audit_record_LDADD = libvpagent.a libvpbase.a
fuzz_seccomp_file_SOURCES = tests/fuzz/fuzz_seccomp_file.c
fuzz_seccomp_file_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_seccomp_file_LDADD = libvpbase.a
endif
EXTRA_DIST += \
	tests/fuzz/corpus/audit_record/datagram \
	tests/fuzz/corpus/audit_record/label \
	tests/fuzz/corpus/audit_record/record \
	tests/fuzz/corpus/audit_record/several \
	tests/fuzz/corpus/seccomp_file/mended \
	tests/fuzz/corpus/seccomp_file/short \
	tests/fuzz/corpus/seccomp_file/whole

if FUZZERS
noinst_PROGRAMS += fuzz_seccomp_program
fuzz_seccomp_program_SOURCES = tests/fuzz/fuzz_seccomp_program.c
fuzz_seccomp_program_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_seccomp_program_LDADD = libvpseccomp.a libvpbase.a
endif
EXTRA_DIST += tests/fuzz/corpus/seccomp_program/catalogue tests/fuzz/corpus/seccomp_program/scratch \
	tests/fuzz/corpus/seccomp_program/stack

if FUZZERS
if INJECTION
noinst_PROGRAMS += fuzz_inject_request
fuzz_inject_request_SOURCES = tests/fuzz/fuzz_inject_request.c
fuzz_inject_request_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_inject_request_LDADD = libvpinject.a libvpinjectrequest.a libvpbase.a
endif
endif
EXTRA_DIST += \
	tests/fuzz/corpus/inject_request/chase \
	tests/fuzz/corpus/inject_request/maps \
	tests/fuzz/corpus/inject_request/record \
	tests/fuzz/corpus/inject_request/request \
	tests/fuzz/corpus/inject_request/sched \
	tests/fuzz/corpus/inject_request/stat \
	tests/fuzz/corpus/inject_request/status \
	tests/fuzz/corpus/inject_request/syscall

if FUZZERS
noinst_PROGRAMS += fuzz_observe
fuzz_observe_SOURCES = tests/fuzz/fuzz_observe.c
fuzz_observe_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
fuzz_observe_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_observe_LDADD = libvpctl.a $(VP_CTL_LIBS)
endif
EXTRA_DIST += tests/fuzz/corpus/observe/calls tests/fuzz/corpus/observe/cgroup \
	tests/fuzz/corpus/observe/format tests/fuzz/corpus/observe/processes

if FUZZERS
noinst_PROGRAMS += fuzz_hook_message
fuzz_hook_message_SOURCES = tests/fuzz/fuzz_hook_message.c
fuzz_hook_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_hook_message_LDADD = libvphookclient.a libvpinjectrequest.a libvpbase.a
endif
EXTRA_DIST += tests/fuzz/corpus/hook_message/empty tests/fuzz/corpus/hook_message/gap \
	tests/fuzz/corpus/hook_message/start tests/fuzz/corpus/hook_message/table

if FUZZERS
noinst_PROGRAMS += fuzz_answer_message
fuzz_answer_message_SOURCES = tests/fuzz/fuzz_answer_message.c
fuzz_answer_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_answer_message_LDADD = libvpanswer.a libvpseccomp.a libvpbase.a
endif
EXTRA_DIST += tests/fuzz/corpus/answer_message/denied tests/fuzz/corpus/answer_message/listener \
	tests/fuzz/corpus/answer_message/state tests/fuzz/corpus/answer_message/table
