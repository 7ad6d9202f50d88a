/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rules hold for which values: every operator on every kind of value, and the truth of
 * what is missing, negated, excepted, counted or not certain yet. */
#include "lib/memory.h"
#include "tests/unit/inspection/rules.h"

int run_unit_property_tests(void);
int run_unit_naive_tests(void);

#define URI    VP_FIELD_HTTP_URI
#define BODY   VP_FIELD_HTTP_REQUEST_BODY
#define HEADER VP_FIELD_HTTP_HEADER
#define QUERY  VP_FIELD_HTTP_QUERY
#define STREAM VP_FIELD_STREAM

#define V(field, name, text)                                                                  \
	{                                                                                     \
		field, name, text, sizeof(text) - 1                                           \
	}

struct value {
	enum vp_field_id field;
	const char *name, *data;
	size_t len;
};

/* One rule, one unit of at most three values, whether it holds. */
struct row {
	const char *service, *rule;
	bool holds;
	struct value values[3];
};

static const struct row operators[] = {
	/* strings, whole */
	{ HTTP_SERVICE, "when = http.uri equals \"/a\"\n", true, { V(URI, "", "/a") } },
	{ HTTP_SERVICE, "when = http.uri equals \"/a\"\n", false, { V(URI, "", "/a\n") } },
	{ HTTP_SERVICE, "when = http.uri equals \"/a\"\n", false, { V(URI, "", "x/a") } },
	{ HTTP_SERVICE, "when = http.uri equals \"\"\n", true, { V(URI, "", "") } },
	{ HTTP_SERVICE, "when = http.uri equals \"\"\n", false, { V(URI, "", "\n") } },
	{ HTTP_SERVICE,
	  "when = http.uri equals \"a\\0.\\xff\"\n",
	  true,
	  { V(URI, "", "a\0.\xff") } },
	{ HTTP_SERVICE,
	  "when = http.uri equals \"a\\0.\\xff\"\n",
	  false,
	  { V(URI, "", "a\0x\xff") } },
	{ HTTP_SERVICE, "when = http.uri starts-with \"/a\"\n", true, { V(URI, "", "/abc") } },
	{ HTTP_SERVICE,
	  "when = http.uri starts-with \"/a\"\n",
	  false,
	  { V(URI, "", "x\n/a") } },
	{ HTTP_SERVICE,
	  "when = http.uri ends-with \".php\"\n",
	  true,
	  { V(URI, "", "/x.php") } },
	{ HTTP_SERVICE,
	  "when = http.uri ends-with \".php\"\n",
	  false,
	  { V(URI, "", "/x.php\n") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"../\"\n",
	  true,
	  { V(URI, "", "/a/../b") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"../\"\n",
	  false,
	  { V(URI, "", "/a/..b/") } },
	{ HTTP_SERVICE, "when = http.uri matches /a.c/\n", true, { V(URI, "", "xabcx") } },
	{ HTTP_SERVICE, "when = http.uri matches /a.c/\n", false, { V(URI, "", "a\nc") } },
	{ HTTP_SERVICE, "when = http.uri matches /a.c/s\n", true, { V(URI, "", "a\nc") } },
	{ HTTP_SERVICE, "when = http.uri matches /a.c/\n", true, { V(URI, "", "a\rc") } },
	{ HTTP_SERVICE, "when = http.uri matches /ABC/\n", false, { V(URI, "", "abc") } },
	{ HTTP_SERVICE, "when = http.uri matches /ABC/i\n", true, { V(URI, "", "aBc") } },
	{ HTTP_SERVICE, "when = http.uri matches /^abc$/\n", true, { V(URI, "", "abc") } },
	{ HTTP_SERVICE, "when = http.uri matches /^abc$/\n", false, { V(URI, "", "abc\n") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /^abc$/m\n",
	  true,
	  { V(URI, "", "x\nabc\ny") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /^abc$/m\n",
	  false,
	  { V(URI, "", "x\nabcd") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /[$^]\\/\\$/\n",
	  true,
	  { V(URI, "", "$/$") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /[$^]\\/\\$/\n",
	  false,
	  { V(URI, "", "a/$") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /\\xff[\\x80-\\x82]/\n",
	  true,
	  { V(URI, "", "\xff\x81") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /\\xff[\\x80-\\x82]/\n",
	  false,
	  { V(URI, "", "\xff\x83") } },
	{ HTTP_SERVICE,
	  "when = http.uri matches /\xc3\xa4[\xc3\xb6]/\n",
	  true,
	  { V(URI, "", "\xc3\xa4\xb6") } },
	{ HTTP_SERVICE, "when = http.uri matches /x*/\n", true, { V(URI, "", "") } },
	{ HTTP_SERVICE, "when = http.uri matches /x*/\n", false, { V(BODY, "", "x") } },
	{ HTTP_SERVICE, "when = http.uri present\n", true, { V(URI, "", "") } },
	{ HTTP_SERVICE, "when = http.uri present\n", false, { V(BODY, "", "") } },
	{ HTTP_SERVICE, "when = http.uri absent\n", true, { V(BODY, "", "") } },
	{ HTTP_SERVICE, "when = http.uri absent\n", false, { V(URI, "", "") } },

	/* the same where the matcher takes parts */
	{ HTTP_SERVICE,
	  "when = http.request_body equals \"ab\"\n",
	  true,
	  { V(BODY, "", "ab") } },
	{ HTTP_SERVICE,
	  "when = http.request_body equals \"ab\"\n",
	  false,
	  { V(BODY, "", "ab\n") } },
	{ HTTP_SERVICE, "when = http.request_body equals \"\"\n", true, { V(BODY, "", "") } },
	{ HTTP_SERVICE,
	  "when = http.request_body starts-with \"ab\"\n",
	  true,
	  { V(BODY, "", "abc") } },
	{ HTTP_SERVICE,
	  "when = http.request_body starts-with \"ab\"\n",
	  false,
	  { V(BODY, "", "cab") } },
	{ HTTP_SERVICE,
	  "when = http.request_body ends-with \"ab\"\n",
	  true,
	  { V(BODY, "", "cab") } },
	{ HTTP_SERVICE,
	  "when = http.request_body ends-with \"ab\"\n",
	  false,
	  { V(BODY, "", "abc") } },
	{ HTTP_SERVICE,
	  "when = http.request_body contains \"ab\"\n",
	  true,
	  { V(BODY, "", "cabc") } },
	{ HTTP_SERVICE,
	  "when = http.request_body contains \"ab\"\n",
	  false,
	  { V(BODY, "", "acb") } },
	{ HTTP_SERVICE,
	  "when = http.request_body matches /^a.*b$/s\n",
	  true,
	  { V(BODY, "", "a\nb") } },
	{ HTTP_SERVICE,
	  "when = http.request_body matches /^a.*b$/s\n",
	  false,
	  { V(BODY, "", "a\nb\n") } },
	{ HTTP_SERVICE, "when = http.request_body matches /x*/\n", true, { V(BODY, "", "") } },
	{ HTTP_SERVICE,
	  "when = http.request_body matches /b\\b/\n",
	  true,
	  { V(BODY, "", "ab") } },

	/* what only the backtracking matcher can, on both */
	{ HTTP_SERVICE,
	  "when = http.uri matches /^a+b\\R$/\n",
	  true,
	  { V(URI, "", "aab\r\n") } },
	{ HTTP_SERVICE, "when = http.uri matches /^a+b\\R$/\n", false, { V(URI, "", "aab") } },
	{ HTTP_SERVICE, "when = http.uri matches /^a+\\Rb/\n", false, { V(URI, "", "aab") } },
	{ HTTP_SERVICE,
	  "when = http.request_body matches /^A+b\\R$/i\n",
	  true,
	  { V(BODY, "", "aab\n") } },
	{ HTTP_SERVICE,
	  "when = http.request_body matches /^a+\\Rb/\n",
	  false,
	  { V(BODY, "", "aab") } },

	/* alternatives */
	{ HTTP_SERVICE,
	  "when = http.uri equals \"/a\", \"/b\"\n",
	  true,
	  { V(URI, "", "/b") } },
	{ HTTP_SERVICE,
	  "when = http.uri equals \"/a\", \"/b\"\n",
	  false,
	  { V(URI, "", "/c") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains @words\n",
	  true,
	  { V(URI, "", "the two of") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains @words\n",
	  false,
	  { V(URI, "", "the three") } },

	/* transforms and what is measured */
	{ HTTP_SERVICE,
	  "when = http.uri | lowercase ends-with \"/admin\"\n",
	  true,
	  { V(URI, "", "/ADmin") } },
	{ HTTP_SERVICE,
	  "when = http.uri | url-decode | lowercase contains \"<script\"\n",
	  true,
	  { V(URI, "", "/%3cSCRIPT%3e") } },
	{ HTTP_SERVICE,
	  "when = http.request_body | base64 contains \"evil\"\n",
	  true,
	  { V(BODY, "", "ZXZpbA==") } },
	{ HTTP_SERVICE,
	  "when = http.request_body | base64 contains \"evil\"\n",
	  false,
	  { V(BODY, "", "evil") } },
	{ HTTP_SERVICE, "when = http.uri | length at-least 3\n", true, { V(URI, "", "abc") } },
	{ HTTP_SERVICE, "when = http.uri | length at-least 3\n", false, { V(URI, "", "ab") } },
	{ HTTP_SERVICE, "when = http.uri | length less-than 3\n", true, { V(URI, "", "ab") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length less-than 3\n",
	  false,
	  { V(URI, "", "abc") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length equals 2-3, 7\n",
	  true,
	  { V(URI, "", "abcdefg") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length equals 2-3, 7\n",
	  false,
	  { V(URI, "", "abcd") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length | mask(0x1) equals 1\n",
	  true,
	  { V(URI, "", "abc") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length | mask(0x1) equals 1\n",
	  false,
	  { V(URI, "", "abcd") } },
	{ HTTP_SERVICE,
	  "when = http.uri | remove-nulls | length equals 2\n",
	  true,
	  { V(URI, "", "a\0b") } },
	{ HTTP_SERVICE,
	  "when = http.uri | length less-than 9\n",
	  false,
	  { V(BODY, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.header(Host) | count greater-than 1\n",
	  true,
	  { V(HEADER, "host", "a"), V(HEADER, "HOST", "b") } },
	{ HTTP_SERVICE,
	  "when = http.header(Host) | count greater-than 1\n",
	  false,
	  { V(HEADER, "Host", "a"), V(HEADER, "Hos", "b") } },
	{ HTTP_SERVICE,
	  "when = http.header(Host) | count less-than 1\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.header(Host) | count at-most 1\n",
	  true,
	  { V(HEADER, "Host", "a") } },
	{ HTTP_SERVICE,
	  "when = http.header(Host) | count at-most 1\n",
	  false,
	  { V(HEADER, "Host", "a"), V(HEADER, "Host", "a") } },

	/* arguments */
	{ HTTP_SERVICE,
	  "when = http.header(X-Id) equals \"1\"\n",
	  true,
	  { V(HEADER, "x-iD", "1") } },
	{ HTTP_SERVICE,
	  "when = http.header(X-Id) equals \"1\"\n",
	  false,
	  { V(HEADER, "x-idd", "1") } },
	{ HTTP_SERVICE,
	  "when = http.query(id) equals \"1\"\n",
	  true,
	  { V(QUERY, "id", "1") } },
	{ HTTP_SERVICE,
	  "when = http.query(id) equals \"1\"\n",
	  false,
	  { V(QUERY, "ID", "1") } },
	{ HTTP_SERVICE, "when = http.query(id) equals \"1\"\n", false, { V(QUERY, "", "1") } },
	{ HTTP_SERVICE, "when = http.query contains \"1\"\n", true, { V(QUERY, "", "id=1") } },
	{ HTTP_SERVICE, "when = http.query contains \"1\"\n", false, { V(QUERY, "id", "1") } },

	/* several values, and negation */
	{ HTTP_SERVICE,
	  "when = http.query(a) equals \"2\"\n",
	  true,
	  { V(QUERY, "a", "1"), V(QUERY, "a", "2"), V(QUERY, "a", "3") } },
	{ HTTP_SERVICE,
	  "when = not http.query(a) equals \"2\"\n",
	  false,
	  { V(QUERY, "a", "1"), V(QUERY, "a", "2"), V(QUERY, "a", "3") } },
	{ HTTP_SERVICE,
	  "when = not http.query(a) equals \"2\"\n",
	  true,
	  { V(QUERY, "a", "1"), V(QUERY, "a", "3") } },
	{ HTTP_SERVICE,
	  "when = not http.query(a) equals \"2\"\n",
	  false,
	  { V(QUERY, "b", "1") } },
	{ HTTP_SERVICE, "when = http.query(a) absent\n", true, { V(QUERY, "b", "1") } },
	{ HTTP_SERVICE,
	  "when = not http.uri matches /^a+\\R$/\n",
	  true,
	  { V(URI, "", "aab") } },
	{ HTTP_SERVICE,
	  "when = not http.uri | length at-most 3\n",
	  true,
	  { V(URI, "", "abcd") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = http.uri contains \"b\"\n",
	  true,
	  { V(URI, "", "ab") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = http.uri contains \"b\"\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = not http.uri contains \"b\"\n",
	  false,
	  { V(URI, "", "ab") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = not http.uri contains \"b\"\n",
	  true,
	  { V(URI, "", "ac") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = not http.request_body contains \"b\"\n",
	  false,
	  { V(URI, "", "ac") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nwhen = http.request_body absent\n",
	  true,
	  { V(URI, "", "ac") } },

	/* exceptions */
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nexcept = http.uri contains \"b\"\n",
	  false,
	  { V(URI, "", "ab") } },
	{ HTTP_SERVICE,
	  "when = http.uri contains \"a\"\nexcept = http.uri contains \"b\"\n",
	  true,
	  { V(URI, "", "ac") } },
	{ HTTP_SERVICE,
	  ("when = http.uri contains \"a\"\nexcept = http.query(x) equals \"1\"\n"
	   "except = http.query(y) equals \"1\"\n"),
	  false,
	  { V(URI, "", "a"), V(QUERY, "y", "1") } },
	{ HTTP_SERVICE,
	  ("when = http.uri contains \"a\"\nexcept = http.query(x) equals \"1\"\n"
	   "except = http.query(y) equals \"1\"\n"),
	  true,
	  { V(URI, "", "a"), V(QUERY, "z", "1") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nexcept = not http.query(x) equals \"1\"\n",
	  false,
	  { V(URI, "", "a"), V(QUERY, "x", "2") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nexcept = not http.query(x) equals \"1\"\n",
	  true,
	  { V(URI, "", "a"), V(QUERY, "x", "1") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nexcept = http.query(x) absent\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nexcept = ip.src equals 192.0.2.0/24\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nexcept = ip.src equals 192.0.3.0/24\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE, "except = http.uri equals \"/ok\"\n", true, { V(URI, "", "/no") } },
	{ HTTP_SERVICE, "except = http.uri equals \"/ok\"\n", false, { V(URI, "", "/ok") } },

	/* the flow */
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = ip.src equals @near\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = ip.dst equals @near\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = not ip.dst equals @near\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = tcp.srcport at-least 40000\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = tcp.srcport greater-than 40000\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = tcp.dstport equals @ports\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = ip.version equals 6\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "when = http.uri present\nwhen = ip.proto | mask(0x4) equals 4\n",
	  true,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE, "when = tcp.dstport equals 80\n", true, { V(URI, "", "a") } },
	{ HTTP_SERVICE, "when = tcp.dstport equals 81\n", false, { V(URI, "", "a") } },
	{ HTTP_SERVICE, "", true, { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "direction = to-client\nwhen = http.uri present\n",
	  false,
	  { V(URI, "", "a") } },
	{ HTTP_SERVICE,
	  "direction = to-client\nwhen = http.uri absent\n",
	  false,
	  { V(BODY, "", "a") } },

	/* slices */
	{ RAW_SERVICE,
	  "when = stream[0:4] equals 0x01020304\n",
	  true,
	  { V(STREAM, "", "\1\2\3\4\5") } },
	{ RAW_SERVICE,
	  "when = stream[0:4] equals 0x01020304\n",
	  false,
	  { V(STREAM, "", "\1\2\3") } },
	{ RAW_SERVICE,
	  "when = stream[0:4] equals 0x01020304\n",
	  false,
	  { V(STREAM, "", "\1\2\3\5\4") } },
	{ RAW_SERVICE,
	  "when = not stream[0:4] equals 0x01020304\n",
	  false,
	  { V(STREAM, "", "\1\2\3") } },
	{ RAW_SERVICE,
	  "when = not stream[0:4] equals 0x01020304\n",
	  true,
	  { V(STREAM, "", "\1\2\3\5\4") } },
	{ RAW_SERVICE,
	  "when = stream[1:2] | little-endian equals 0x0302\n",
	  true,
	  { V(STREAM, "", "\1\2\3") } },
	{ RAW_SERVICE,
	  "when = stream[1:2] | little-endian equals 0x0302\n",
	  false,
	  { V(STREAM, "", "\1\3\2") } },
	{ RAW_SERVICE,
	  "when = stream[1:3] | little-endian | mask(0xff0000) equals 0x040000\n",
	  true,
	  { V(STREAM, "", "\1\2\3\4") } },
	{ RAW_SERVICE,
	  "when = stream[1:1] | mask(0x0f) less-than 3\n",
	  true,
	  { V(STREAM, "", "\1\xf2") } },
	{ RAW_SERVICE,
	  "when = stream[1:1] | mask(0x0f) less-than 3\n",
	  false,
	  { V(STREAM, "", "\1\xf3") } },
	{ RAW_SERVICE,
	  "when = stream[0:8] at-least 0xffffffffffffffff\n",
	  true,
	  { V(STREAM, "", "\xff\xff\xff\xff\xff\xff\xff\xff") } },
	{ RAW_SERVICE,
	  "when = stream[0:8] greater-than 0xffffffffffffffff\n",
	  false,
	  { V(STREAM, "", "\xff\xff\xff\xff\xff\xff\xff\xff") } },
	{ RAW_SERVICE, "when = stream[0:1] less-than 0\n", false, { V(STREAM, "", "\0") } },
	{ RAW_SERVICE,
	  "when = stream[0:2] equals 5, \"ab\"\n",
	  true,
	  { V(STREAM, "", "abc") } },
	{ RAW_SERVICE,
	  "when = stream[0:2] equals 5, \"ab\"\n",
	  true,
	  { V(STREAM, "", "\0\5c") } },
	{ RAW_SERVICE,
	  "when = stream[0:2] equals 5, \"ab\"\n",
	  false,
	  { V(STREAM, "", "\0abc") } },
	{ RAW_SERVICE,
	  "when = stream[0:2] at-least \"ab\"\n",
	  true,
	  { V(STREAM, "", "b\0") } },
	{ RAW_SERVICE,
	  "when = stream[0:2] at-least \"ab\"\n",
	  false,
	  { V(STREAM, "", "aa") } },
	{ RAW_SERVICE,
	  "when = stream[2:4] starts-with \"ab\"\n",
	  true,
	  { V(STREAM, "", "xxabcd") } },
	{ RAW_SERVICE,
	  "when = stream[2:4] starts-with \"ab\"\n",
	  false,
	  { V(STREAM, "", "xxabc") } },
	{ RAW_SERVICE,
	  "when = stream[2:4] ends-with \"cd\"\n",
	  true,
	  { V(STREAM, "", "xxabcdef") } },
	{ RAW_SERVICE,
	  "when = stream[2:4] contains \"bcde\"\n",
	  false,
	  { V(STREAM, "", "xxabcdef") } },
	{ RAW_SERVICE,
	  "when = stream[2:] contains \"ab\"\n",
	  true,
	  { V(STREAM, "", "xxabcd") } },
	{ RAW_SERVICE,
	  "when = stream[2:] contains \"xa\"\n",
	  false,
	  { V(STREAM, "", "xxabcd") } },
	{ RAW_SERVICE, "when = stream[2:] present\n", false, { V(STREAM, "", "xx") } },
	{ RAW_SERVICE, "when = stream[2:] present\n", true, { V(STREAM, "", "xxx") } },
	{ RAW_SERVICE, "when = stream[2:2] present\n", false, { V(STREAM, "", "xxx") } },
	{ RAW_SERVICE, "when = stream[2:2] present\n", true, { V(STREAM, "", "xxxx") } },
	{ RAW_SERVICE, "when = stream[2:2] absent\n", true, { V(STREAM, "", "xxx") } },
	{ RAW_SERVICE,
	  "when = stream[2:] | length equals 3\n",
	  true,
	  { V(STREAM, "", "xxabc") } },
	{ RAW_SERVICE,
	  "when = stream[0:5000] contains \"ab\"\n",
	  false,
	  { V(STREAM, "", "xxabc") } },
	{ RAW_SERVICE,
	  "when = stream[1:3] | lowercase equals \"abc\"\n",
	  true,
	  { V(STREAM, "", "XABCX") } },
	{ FRAME_SERVICE,
	  "when = message[0:1] equals 7\n",
	  true,
	  { V(VP_FIELD_MESSAGE, "", "\7x") } },
	{ FRAME_SERVICE,
	  "when = message[0:1] equals 7\n",
	  false,
	  { V(VP_FIELD_MESSAGE, "", "\6x") } },
	{ UDP_SERVICE,
	  "when = datagram[0:2] | length equals 2\n",
	  true,
	  { V(VP_FIELD_DATAGRAM, "", "abc") } },
	{ UDP_SERVICE,
	  "when = datagram[0:3] contains \"bc\"\n",
	  true,
	  { V(VP_FIELD_DATAGRAM, "", "abc") } },
	{ UDP_SERVICE,
	  "when = datagram[0:4] contains \"bc\"\n",
	  false,
	  { V(VP_FIELD_DATAGRAM, "", "abc") } },
};

static const char sets[] = "[set words]\nvalues = \"one\", \"two\"\n"
			   "[set near]\nvalues = 192.0.2.0/25, 192.0.2.1, 2001:db8::/32\n"
			   "[set ports]\nvalues = 8080, 80-81, 443\n";

static void check_row(const struct row *row)
{
	struct test_rules t;

	test_rules_open(&t, row->service, &row->rule, 1, sets);
	for (unsigned int round = 0; round < 2; round++) {
		/* nothing of a unit reaches the next */
		test_begin(&t);
		for (size_t i = 0; i < VP_COUNT(row->values) && row->values[i].data; i++)
			test_value(&t, row->values[i].field, row->values[i].name,
				   row->values[i].data, row->values[i].len);
		test_final(&t, VP_PHASE_HEAD);
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		if (vp_unit_take(t.unit).count != row->holds)
			fail_msg("%swith `%s`: expected %s (round %u)", row->rule,
				 row->values[0].data, row->holds ? "a hit" : "no hit", round);
	}
	test_rules_free(&t);
}

static void operators_on_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < VP_COUNT(operators); i++)
		check_row(&operators[i]);
}

/* Every operator has a row that holds and one that does not. */
static void every_operator_is_tested(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < VP_OP_COUNT; op++) {
		bool seen[2] = { false };

		for (size_t i = 0; i < VP_COUNT(operators); i++)
			if (strstr(operators[i].rule, vp_operator_name(op)))
				seen[operators[i].holds] = true;
		if (!seen[0] || !seen[1])
			fail_msg("%s", vp_operator_name(op));
	}
}

static void numbers_of_the_parser(void **state)
{
	static const char *const rules[] = {
		"when = tls.version less-than 0x0303\n",
		"when = tls.version equals 0x0303\n",
		"when = not tls.version at-least 0x0303\n",
		"when = tls.version absent\n",
		"when = tls.version present\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, TLS_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	t.sink->operations->number(t.sink, VP_FIELD_TLS_VERSION, 0x0302);
	test_hits(&t, "0 4");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "2");
	test_end(&t);
	test_begin(&t);
	t.sink->operations->number(t.sink, VP_FIELD_TLS_VERSION, 0x0303);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1 4");
	test_begin(&t);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "3");
	test_rules_free(&t);
}

/* Each rule fires as early as it is certain, and once. */
static void as_early_as_certain(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"a\"\n",
		"when = http.uri contains \"a\"\nwhen = http.header(X) absent\n",
		"when = http.uri contains \"a\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri contains \"a\"\nwhen = not http.request_body contains "
		 "\"x\"\n"),
		"when = http.request_body | length greater-than 9\n",
		"when = http.request_body | length less-than 90\n",
		"when = ip.src equals 192.0.2.1\n",
		"when = http.query(q) | count equals 1\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (unsigned int round = 0; round < 3; round++) {
		test_begin(&t);
		test_hits(&t, "6");
		test_text(&t, URI, "", "/a");
		test_hits(&t, "0");
		test_text(&t, URI, "", "/a");
		test_text(&t, QUERY, "q", "/a");
		test_hits(&t, "");
		test_final(&t, VP_PHASE_HEAD);
		test_hits(&t, "1 7");
		test_part(&t, BODY, "", "is ev", 5, VP_PART_FIRST);
		test_hits(&t, "");
		test_part(&t, BODY, "", "il", 2, VP_PART_MORE);
		test_hits(&t, "2");
		test_part(&t, BODY, "", " evil", 5, VP_PART_MORE);
		test_hits(&t, "4");
		test_part(&t, BODY, "", "", 0, VP_PART_LAST);
		test_hits(&t, "5");
		test_final(&t, VP_PHASE_END);
		test_hits(&t, "3");
		test_end(&t);
		test_hits(&t, "");
	}
	test_rules_free(&t);
}

/* In a unit without a head, the end makes everything certain. */
static void end_without_head(void **state)
{
	static const char *const rules[] = {
		"when = http.uri absent\n",
		"when = http.uri | count equals 1\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_begin(&t);
	test_text(&t, URI, "", "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1");
	/* a unit that was cut off says nothing of what is missing */
	test_begin(&t);
	test_end(&t);
	test_hits(&t, "");
	test_rules_free(&t);
}

/* What waited for the end of a unit that was cut off does not wait for that of the next. */
static void nothing_waits_beyond_its_unit(void **state)
{
	static const char *const rules[] = {
		"when = http.uri equals \"/a\"\nwhen = http.request_body absent\n",
		"when = http.uri equals \"/a\"\nwhen = http.query(x) equals \"1\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_text(&t, URI, "", "/a");
	test_end(&t);
	test_begin(&t);
	test_text(&t, QUERY, "x", "1");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "");
	test_rules_free(&t);
}

/* Hits of several units before they are taken: in evaluation order, each as often as it held.
 */
static void hits_are_in_order(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"late\"\n",
		"when = http.method equals \"GET\"\n",
		"when = http.uri contains \"early\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (unsigned int round = 0; round < 2; round++) {
		test_begin(&t);
		test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
		test_text(&t, URI, "", round ? "late" : "early");
		test_final(&t, VP_PHASE_END);
		test_end(&t);
	}
	test_hits(&t, "0 1 1 2");
	test_hits(&t, "");
	test_rules_free(&t);
}

static void a_new_flow_drops_what_is_open(void **state)
{
	static const char *const rules[] = {
		"when = http.request_body contains \"evil\"\n",
		"when = ip.src equals 192.0.2.1\n",
		"when = udp.dstport equals 80\n",
		"direction = to-client\nwhen = http.request_body present\n",
	};
	struct vp_unit_flow other = test_flow;
	struct test_rules t;

	(void)state;
	test_rules_open(&t, "ports = tcp/80, udp/80\napplication = http\n", rules,
			VP_COUNT(rules), NULL);
	test_begin(&t);
	test_part(&t, BODY, "", "ev", 2, VP_PART_FIRST);
	other.source.bytes[3] = 2;
	other.protocol = 17;
	vp_unit_flow(t.unit, &other);
	test_part(&t, BODY, "", "il", 2, VP_PART_MORE); /* of a value nobody began */
	test_hits(&t, "");
	test_begin(&t);
	test_hits(&t, "2");
	test_part(&t, BODY, "", "il", 2, VP_PART_FIRST);
	test_part(&t, BODY, "", "", 0, VP_PART_LAST);
	test_hits(&t, "");
	other.direction = VP_TO_CLIENT;
	vp_unit_flow(t.unit, &other);
	test_begin(&t);
	test_text(&t, BODY, "", "evil");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "3");
	test_rules_free(&t);
}

/* What is open when everything is final is complete. */
static void final_completes_values(void **state)
{
	static const char *const rules[] = { "when = http.request_body ends-with \"evil\"\n" };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_part(&t, BODY, "", "evil", 4, VP_PART_FIRST);
	test_hits(&t, "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "0");
	test_rules_free(&t);
}

static void assert_failure(struct test_rules *t, enum vp_unit_failure failure, size_t rule)
{
	size_t found = 99;

	assert_int_equal(vp_unit_failure(t->unit, &found), failure);
	if (failure != VP_UNIT_FINE)
		assert_int_equal(found, rule);
}

/* A value beyond the bound is a failure only where the rule could still hold. */
static void values_beyond_the_bound(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"x\"\nwhen = http.request_body matches /evil\\R/\n",
		"when = http.uri contains \"y\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri contains \"z\"\n"
		 "when = http.request_body | normalise-path contains \"evil\"\n"),
	};
	static const char long_body[100] = "evi";
	static const struct {
		const char *uri, *hits;
		size_t rule;
	} table[] = { { "-", "", SIZE_MAX },
		      { "y", "1", SIZE_MAX },
		      { "x", "", 0 },
		      { "z", "", 2 },
		      { "xz", "", 0 } };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 64);
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		test_begin(&t);
		test_text(&t, URI, "", table[i].uri);
		test_final(&t, VP_PHASE_HEAD);
		test_part(&t, BODY, "", long_body, 60, VP_PART_FIRST);
		test_part(&t, BODY, "", "evil\n", 5, VP_PART_MORE);
		test_part(&t, BODY, "", long_body, 60, VP_PART_LAST);
		assert_failure(&t, table[i].rule == SIZE_MAX ? VP_UNIT_FINE : VP_UNIT_BOUND,
			       table[i].rule);
		test_hits(&t, table[i].hits);
		test_final(&t, VP_PHASE_END);
		assert_failure(&t, table[i].rule == SIZE_MAX ? VP_UNIT_FINE : VP_UNIT_BOUND,
			       table[i].rule);
		test_end(&t);
	}
	test_rules_free(&t);
}

/* The rest of a value that was too long is not taken for the whole. */
static void rests_are_no_values(void **state)
{
	static const char *const rules[] = {
		"when = http.uri matches /^evil$/\n",
		"when = http.request_body matches /^evil\\R$/\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 8);
	for (size_t i = 0; i < VP_COUNT(rules); i++) {
		enum vp_field_id field = i ? BODY : URI;

		test_begin(&t);
		test_part(&t, field, "", "12345", 5, VP_PART_FIRST);
		test_part(&t, field, "", "6789", 4, VP_PART_MORE);
		test_part(&t, field, "", "evil\n", i ? 5 : 4, VP_PART_LAST);
		assert_failure(&t, VP_UNIT_BOUND, i);
		test_hits(&t, "");
		/* but the next value is judged, and what it decides is known */
		test_text(&t, field, "", i ? "evil\n" : "evil");
		assert_failure(&t, VP_UNIT_FINE, 0);
		test_hits(&t, i ? "1" : "0");
		test_end(&t);
	}
	test_rules_free(&t);
}

/* A failure of a unit that is over is still told, once it could be seen no longer. */
static void failures_outlast_their_unit(void **state)
{
	static const char *const rules[] = {
		"when = http.uri contains \"xxxxxxxxx\"\n",
		"when = not http.uri contains \"xxxxxxxxx\"\n",
		"when = http.method present\nexcept = http.uri contains \"xxxxxxxxx\"\n",
	};
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_rules_unit(&t, 8);
	test_begin(&t);
	test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
	test_part(&t, URI, "", "yyyyyyyy", 8, VP_PART_FIRST);
	test_part(&t, URI, "", "y", 1, VP_PART_LAST);
	assert_failure(&t, VP_UNIT_BOUND, 0);
	test_final(&t, VP_PHASE_END);
	test_end(&t);
	test_begin(&t);
	test_text(&t, URI, "", "fine");
	assert_failure(&t, VP_UNIT_BOUND, 0);
	/* neither the one nor the other of the first unit, nor with its exception */
	test_hits(&t, "");
	test_final(&t, VP_PHASE_END);
	test_hits(&t, "1");
	test_end(&t);
	test_begin(&t);
	assert_failure(&t, VP_UNIT_FINE, 0);
	test_rules_free(&t);
}

static void backtracking_is_bounded(void **state)
{
	static const char *const rules[] = {
		"when = http.uri matches /^(?:a|aa|aaa)+\\R$/\n",
		("when = http.method equals \"PUT\"\nwhen = http.uri matches "
		 "/^(?:a|aa)+\\R$/\n"),
	};
	static const char value[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	test_begin(&t);
	test_text(&t, VP_FIELD_HTTP_METHOD, "", "GET");
	test_text(&t, URI, "", value);
	assert_failure(&t, VP_UNIT_MATCH_LIMIT, 0);
	test_hits(&t, "");
	test_end(&t);
	test_begin(&t);
	test_text(&t, URI, "", "aaaa\r\n");
	assert_failure(&t, VP_UNIT_FINE, 0);
	test_hits(&t, "0");
	test_rules_free(&t);
}

/* A body is awaited only while a rule that reads it may hold. */
static void awaits_what_may_matter(void **state)
{
	static const char *const rules[] = {
		"when = http.uri equals \"/a\"\nwhen = http.request_body contains \"evil\"\n",
		("when = http.uri equals \"/b\"\nwhen = not http.request_body contains "
		 "\"ok\"\n"
		 "except = http.query(skip) present\n"),
	};
	static const struct {
		const char *uri, *query;
		bool awaits;
	} table[] = { { "/a", "x", true },
		      { "/b", "x", true },
		      { "/c", "x", false },
		      { "/a", "skip", true },
		      { "/b", "skip", false } };
	struct test_rules t;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	for (size_t i = 0; i < VP_COUNT(table); i++) {
		test_begin(&t);
		assert_true(t.sink->operations->awaits(t.sink, BODY));
		assert_true(t.sink->operations->wants(t.sink, BODY));
		assert_false(t.sink->operations->awaits(t.sink, VP_FIELD_HTTP_HOST));
		test_text(&t, URI, "", table[i].uri);
		test_text(&t, QUERY, table[i].query, "");
		test_final(&t, VP_PHASE_HEAD);
		if (t.sink->operations->awaits(t.sink, BODY) != table[i].awaits)
			fail_msg("%s %s", table[i].uri, table[i].query);
		assert_true(t.sink->operations->wants(t.sink, BODY));
		if (i == 0) {
			test_part(&t, BODY, "", "evil", 4, VP_PART_FIRST);
			assert_false(t.sink->operations->awaits(t.sink, BODY));
		}
		test_end(&t);
	}
	test_rules_free(&t);
}

/* After the first units nothing is allocated, and large buffers go back. */
static void memory_is_steady(void **state)
{
	static const char *const rules[] = {
		"when = http.request_body matches /evil\\R/\n",
		"when = http.request_body | url-decode contains \"x\"\n",
	};
	static const char body[60000];
	struct test_rules t;
	size_t before = 0;

	(void)state;
	test_rules_open(&t, HTTP_SERVICE, rules, VP_COUNT(rules), NULL);
	assert_int_equal(vp_unit_memory(t.unit), 0);
	for (unsigned int round = 0; round < 4; round++) {
		test_begin(&t);
		test_part(&t, BODY, "", body, sizeof(body) / 2, VP_PART_FIRST);
		test_part(&t, BODY, "", body, sizeof(body) / 2, VP_PART_LAST);
		assert_true(vp_unit_memory(t.unit) > sizeof(body));
		test_final(&t, VP_PHASE_END);
		test_end(&t);
		assert_true(vp_unit_memory(t.unit) < sizeof(body));
		if (round)
			assert_int_equal(vp_unit_memory(t.unit), before);
		before = vp_unit_memory(t.unit);
	}
	test_rules_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_on_values),
		cmocka_unit_test(every_operator_is_tested),
		cmocka_unit_test(numbers_of_the_parser),
		cmocka_unit_test(as_early_as_certain),
		cmocka_unit_test(end_without_head),
		cmocka_unit_test(nothing_waits_beyond_its_unit),
		cmocka_unit_test(hits_are_in_order),
		cmocka_unit_test(a_new_flow_drops_what_is_open),
		cmocka_unit_test(final_completes_values),
		cmocka_unit_test(values_beyond_the_bound),
		cmocka_unit_test(rests_are_no_values),
		cmocka_unit_test(failures_outlast_their_unit),
		cmocka_unit_test(backtracking_is_bounded),
		cmocka_unit_test(awaits_what_may_matter),
		cmocka_unit_test(memory_is_steady),
	};
	int failed = cmocka_run_group_tests_name("unit", tests, NULL, NULL);

	return run_unit_property_tests() + run_unit_naive_tests() + failed;
}
