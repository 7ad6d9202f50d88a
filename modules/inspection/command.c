/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols of command lines: SMTP, FTP, POP3 and IMAP, a unit per line (IMAP: per
 * command with its literals). Values are handed on as their bytes come, so a
 * line may be of any length and nothing but its first words is held.
 *
 * What a client sends is not always what the server takes it for: a server that
 * refused DATA, a literal or STARTTLS reads commands where mail, a string or
 * TLS seems to go by. Unless the server's answer was seen too, such bytes are
 * therefore still searched for the commands that the protocol knows; only what
 * is no known command is left alone. The same holds for a line that looks like
 * TLS where none was agreed.
 *
 * Blind spots: a server that knows no CHUNKING reads a command across the end
 * of a BDAT chunk, which is read as two lines here; of a known command within
 * an IMAP literal the name is given on its own, its arguments as part of the
 * literal; in what looks like TLS, lines without a known command are not given.
 */
#include <ctype.h>
#include <string.h>

#include "lib/memory.h"
#include "modules/inspection/emit.h"
#include "modules/inspection/protocol.h"

#define WORD_MAX 64  /* longest tag or command; what is longer goes on as arguments */
#define HEAD_MAX 256 /* longest beginning of a line in which its command is looked for */

#define TLS_HANDSHAKE 0x16 /* first byte of a connection in TLS, of no command */
#define TELNET_IAC    0xff

struct dialect {
	enum vp_field_id line, tag, command, data; /* VP_FIELD_COUNT: has none */
	bool telnet;				   /* the server drops telnet codes */
	bool mail;				   /* DATA and BDAT */
	const char *upgrade;			   /* command that asks for TLS */
	const char *const *known;		   /* ended by NULL */
};

/* The first words of a line. */
struct words {
	uint8_t tag[WORD_MAX], word[WORD_MAX];
	size_t tag_len, word_len;
	size_t seen; /* bytes of the line */
	bool tagged; /* the tag is complete */
	bool done;   /* all words are */
};

enum mail { MAIL_NONE, MAIL_LIKELY, MAIL_CERTAIN };
enum given { GIVEN_NOTHING, GIVEN_LINE, GIVEN_ALL };

/* A literal that a line announces by {n} at its end (RFC 9051), and what it holds. */
struct literal {
	enum { BRACE_NONE, BRACE_OPEN, BRACE_DIGIT, BRACE_SIGN, BRACE_CLOSED } brace;
	uint64_t size;	    /* in the braces */
	uint64_t left;	    /* bytes that still come */
	struct words words; /* of a line in it */
};

struct vp_parser {
	struct vp_sink *sink;
	const struct dialect *dialect;
	/* the line that is being read */
	struct words words;
	uint8_t head[HEAD_MAX]; /* what came before its words were complete */
	size_t head_len;
	enum given given;
	bool known;		   /* its command is one of the table */
	bool line_open, data_open; /* values that have begun */
	bool data_found;	   /* a byte behind the blanks behind the command */
	bool carriage;		   /* a CR that may end it is held back */
	bool chunked;		   /* it began within a BDAT chunk */
	unsigned int telnet;	   /* bytes of a telnet code so far */
	bool digits;		   /* only digits have followed the command */
	uint64_t number;	   /* their value */
	struct literal literal;
	/* the connection */
	uint64_t chunk; /* bytes of a BDAT chunk that still come */
	enum mail mail;
	bool upgrade;	 /* the last command asked for TLS */
	const char *tls; /* what looks like TLS goes by: why */
	size_t reply_len;
	uint8_t reply[3];      /* code of the server's line */
	struct vp_parsed over; /* once nothing more can be read; a reason is set then */
};

static const char *const smtp_known[] = {
	"ATRN",	   "AUTH",    "BDAT",	  "BURL",     "DATA",	"EHLO",		"ETRN",
	"EXPN",	   "HELO",    "HELP",	  "LHLO",     "MAIL",	"NOOP",		"QUIT",
	"RCPT",	   "RSET",    "SAML",	  "SEND",     "SOML",	"TURN",		"VRFY",
	"XCLIENT", "XEXCH50", "XFORWARD", "STARTTLS", "X-EXPS", "X-LINK2STATE", NULL,
};

static const char *const ftp_known[] = {
	"ABOR", "ACCT", "ADAT", "ALLO", "APPE", "AUTH", "AVBL", "CCC",	"CDUP", "CLNT", "COMB",
	"CONF", "CSID", "CWD",	"DELE", "DSIZ", "ENC",	"EPRT", "EPSV", "FEAT", "HASH", "HELP",
	"HOST", "LANG", "LIST", "LPRT", "LPSV", "MDTM", "MFCT", "MFF",	"MFMT", "MIC",	"MKD",
	"MLSD", "MLST", "MODE", "NLST", "NOOP", "OPTS", "PASS", "PASV", "PBSZ", "PORT", "PROT",
	"PWD",	"QUIT", "RANG", "REIN", "REST", "RETR", "RMD",	"RNFR", "RNTO", "SITE", "SIZE",
	"SMNT", "STAT", "STOR", "STOU", "STRU", "SYST", "TYPE", "USER", "XCRC", "XCUP", "XCWD",
	"XMD5", "XMKD", "XPWD", "XRMD", "XSHA", NULL,
};

static const char *const pop3_known[] = {
	"APOP", "AUTH", "CAPA", "DELE", "LANG", "LIST", "NOOP", "PASS", "QUIT", "RETR",
	"RSET", "STAT", "STLS", "TOP",	"UIDL", "USER", "UTF8", "XTND", NULL,
};

static const char *const imap_known[] = {
	"APPEND",      "AUTHENTICATE",	"CAPABILITY",  "CHECK",	     "CLOSE",
	"COMPRESS",    "COPY",		"CREATE",      "DELETE",     "DELETEACL",
	"ENABLE",      "EXAMINE",	"EXPUNGE",     "FETCH",	     "FIND",
	"GETACL",      "GETANNOTATION", "GETMETADATA", "GETQUOTA",   "GETQUOTAROOT",
	"ID",	       "IDLE",		"LIST",	       "LISTRIGHTS", "LOGIN",
	"LOGOUT",      "LSUB",		"MOVE",	       "MYRIGHTS",   "NAMESPACE",
	"NOOP",	       "NOTIFY",	"PARTIAL",     "PROXYAUTH",  "RENAME",
	"REPLACE",     "SEARCH",	"SELECT",      "SETACL",     "SETANNOTATION",
	"SETMETADATA", "SETQUOTA",	"SORT",	       "STARTTLS",   "STATUS",
	"STORE",       "SUBSCRIBE",	"THREAD",      "UID",	     "UNAUTHENTICATE",
	"UNSELECT",    "UNSUBSCRIBE",	"XLIST",       NULL,
};

static const struct dialect smtp = {
	.line = VP_FIELD_SMTP_LINE,
	.tag = VP_FIELD_COUNT,
	.command = VP_FIELD_SMTP_COMMAND,
	.data = VP_FIELD_SMTP_COMMAND_DATA,
	.mail = true,
	.upgrade = "STARTTLS",
	.known = smtp_known,
};

static const struct dialect ftp = {
	.line = VP_FIELD_FTP_LINE,
	.tag = VP_FIELD_COUNT,
	.command = VP_FIELD_FTP_COMMAND,
	.data = VP_FIELD_FTP_COMMAND_DATA,
	.telnet = true,
	.upgrade = "AUTH",
	.known = ftp_known,
};

static const struct dialect pop3 = {
	.line = VP_FIELD_POP3_LINE,
	.tag = VP_FIELD_COUNT,
	.command = VP_FIELD_POP3_COMMAND,
	.data = VP_FIELD_POP3_COMMAND_DATA,
	.upgrade = "STLS",
	.known = pop3_known,
};

static const struct dialect imap = {
	.line = VP_FIELD_COUNT,
	.tag = VP_FIELD_IMAP_TAG,
	.command = VP_FIELD_IMAP_COMMAND,
	.data = VP_FIELD_IMAP_ARGUMENTS,
	.upgrade = "STARTTLS",
	.known = imap_known,
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Is the byte of the line, or of a telnet code in it: FF FF, FF XX, FF FB..FE XX (RFC 854)? */
static bool is_text(struct vp_parser *parser, uint8_t c)
{
	unsigned int before = parser->telnet;

	if (!parser->dialect->telnet)
		return true;
	if (before == 0)
		parser->telnet = c == TELNET_IAC;
	else
		parser->telnet = before == 1 && c >= 0xfb && c <= 0xfe ? 2 : 0;
	return before == 0 ? c != TELNET_IAC : before == 1 && c == TELNET_IAC;
}

static void words_complete(struct words *words)
{
	for (size_t i = 0; i < words->word_len; i++)
		words->word[i] = (uint8_t)toupper(words->word[i]);
	words->done = true;
}

static void words_to_tag(struct words *words)
{
	memcpy(words->tag, words->word, words->word_len);
	words->tag_len = words->word_len;
	words->tagged = true;
	words->word_len = 0;
}

/* Take a byte of the line, unless it is the first behind an overlong command. */
static bool words_take(struct words *words, bool wants_tag, uint8_t c)
{
	if ((is_blank(c) && words->word_len) || words->word_len == WORD_MAX) {
		if (wants_tag && !words->tagged)
			words_to_tag(words);
		else
			words_complete(words);
	}
	if (words->done)
		return is_blank(c);
	if (!is_blank(c))
		words->word[words->word_len++] = c;
	return true;
}

/* The line ends, and with it its last word. A lone word of a tagged line is its tag. */
static void words_end(struct words *words, bool wants_tag)
{
	if (wants_tag && !words->tagged)
		words_to_tag(words);
	words_complete(words);
}

static bool is_word(const struct words *words, const char *word)
{
	return words->word_len == strlen(word) && !memcmp(words->word, word, words->word_len);
}

static bool is_known(const struct dialect *dialect, const struct words *words)
{
	for (const char *const *word = dialect->known; *word; word++)
		if (is_word(words, *word))
			return true;
	return false;
}

static bool has_tag(const struct vp_parser *parser)
{
	return parser->dialect->tag != VP_FIELD_COUNT;
}

/*
 * What of the line is given. Encrypted bytes make a known command about once in a
 * billion lines, so one of those ends what looked like TLS.
 */
static enum given what_is_given(struct vp_parser *parser)
{
	bool doubtful = parser->mail == MAIL_LIKELY || parser->chunked;

	if (parser->known && parser->mail != MAIL_CERTAIN)
		parser->tls = NULL;
	if (parser->tls)
		return GIVEN_NOTHING;
	if (parser->mail == MAIL_CERTAIN || (doubtful && !parser->known))
		return parser->sink->operations->wants(parser->sink, parser->dialect->line)
			       ? GIVEN_LINE
			       : GIVEN_NOTHING;
	return GIVEN_ALL;
}

/* The words of the line are complete. */
static void start_unit(struct vp_parser *parser)
{
	const struct dialect *dialect = parser->dialect;
	const struct words *words = &parser->words;

	parser->known = is_known(dialect, words);
	parser->given = what_is_given(parser);
	parser->digits = true;
	if (parser->given == GIVEN_NOTHING)
		return;
	vp_emit_begin(parser->sink);
	if (parser->given != GIVEN_ALL)
		return;
	if (words->tag_len)
		vp_emit_bytes(parser->sink, dialect->tag, words->tag, words->tag_len);
	if (words->word_len)
		vp_emit_bytes(parser->sink, dialect->command, words->word, words->word_len);
}

static void track_number(struct vp_parser *parser, uint8_t c)
{
	parser->digits = parser->digits && isdigit(c) && parser->number < UINT64_MAX / 16;
	if (parser->digits)
		parser->number = parser->number * 10 + (uint64_t)(c - '0');
}

static void track_brace(struct literal *literal, uint8_t c)
{
	bool digit = isdigit(c) && literal->size < UINT64_MAX / 16;
	bool number = literal->brace == BRACE_OPEN || literal->brace == BRACE_DIGIT;

	if (c == '{') {
		literal->brace = BRACE_OPEN;
		literal->size = 0;
	} else if (number && digit) {
		literal->brace = BRACE_DIGIT;
		literal->size = literal->size * 10 + (uint64_t)(c - '0');
	} else if (literal->brace == BRACE_DIGIT && (c == '+' || c == '-')) {
		literal->brace = BRACE_SIGN;
	} else if (c == '}' &&
		   (literal->brace == BRACE_DIGIT || literal->brace == BRACE_SIGN)) {
		literal->brace = BRACE_CLOSED;
	} else {
		literal->brace = BRACE_NONE;
	}
}

static void give_data(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	if (parser->given == GIVEN_ALL && (len || parser->data_open))
		vp_emit_part(parser->sink, parser->dialect->data, &parser->data_open, data,
			     len, last);
}

/* Bytes behind the command, without telnet codes: given in the runs between them. */
static void give_text(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	size_t start = 0;

	if (parser->telnet || memchr(data, TELNET_IAC, len)) {
		for (size_t i = 0; i < len; i++) {
			if (is_text(parser, data[i]))
				continue;
			give_data(parser, data + start, i - start, false);
			start = i + 1;
		}
	}
	give_data(parser, data + start, len - start, last);
}

static void take_data(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	size_t skip = 0;

	while (!parser->data_found && skip < len && is_blank(data[skip]))
		skip++;
	data += skip;
	len -= skip;
	if (len)
		parser->data_found = true;
	for (size_t i = 0; i < len && parser->dialect->mail && parser->digits; i++)
		track_number(parser, data[i]);
	for (size_t i = 0; i < len && has_tag(parser); i++)
		track_brace(&parser->literal, data[i]);
	if (len && parser->dialect->telnet)
		give_text(parser, data, len, last);
	else
		give_data(parser, data, len, last);
}

/* Bytes of the line up to the end of its words; how many. */
static size_t take_words(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	struct words *words = &parser->words;
	size_t used = 0;

	while (used < len && !words->done) {
		if (is_text(parser, data[used]) &&
		    !words_take(words, has_tag(parser), data[used]))
			return used;
		used++;
		if (++words->seen == HEAD_MAX && !words->done)
			words_end(words, has_tag(parser));
	}
	return used;
}

static void give_line(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	enum vp_field_id field = parser->dialect->line;

	if (field == VP_FIELD_COUNT || parser->given == GIVEN_NOTHING)
		return;
	if (parser->head_len)
		vp_emit_part(parser->sink, field, &parser->line_open, parser->head,
			     parser->head_len, false);
	vp_emit_part(parser->sink, field, &parser->line_open, data, len, last);
}

/* What the command, at the end of its line, makes of the lines that follow. */
static void follow(struct vp_parser *parser)
{
	const struct words *words = &parser->words;

	if (parser->mail != MAIL_NONE && words->seen == 1 && is_word(words, "."))
		parser->mail = MAIL_NONE;
	if (parser->given != GIVEN_ALL)
		return;
	parser->upgrade = is_word(words, parser->dialect->upgrade);
	if (!parser->dialect->mail || parser->mail != MAIL_NONE || parser->chunked)
		return;
	if (is_word(words, "DATA"))
		parser->mail = MAIL_LIKELY;
	else if (is_word(words, "BDAT"))
		parser->chunk = parser->number;
}

static void end_line(struct vp_parser *parser)
{
	if (parser->given != GIVEN_NOTHING)
		vp_emit_end(parser->sink);
	follow(parser);
	parser->words = (struct words){ 0 };
	parser->given = GIVEN_NOTHING;
	parser->known = parser->data_found = parser->carriage = parser->chunked = false;
	parser->telnet = 0;
	parser->number = 0;
	parser->literal = (struct literal){ 0 };
}

/* Bytes of a line, without what ends it. */
static void take_piece(struct vp_parser *parser, const uint8_t *data, size_t len, bool last)
{
	size_t used = 0;

	if (!parser->words.done) {
		used = take_words(parser, data, len);
		if (!parser->words.done && !last) {
			memcpy(parser->head + parser->head_len, data, len);
			parser->head_len += len;
			return;
		}
		if (!parser->words.done)
			words_end(&parser->words, has_tag(parser));
		start_unit(parser);
	}
	give_line(parser, data, len, last);
	parser->head_len = 0;
	take_data(parser, data + used, len - used, last);
	if (last)
		end_line(parser);
}

static bool at_start(const struct vp_parser *parser)
{
	return !parser->words.seen && !parser->words.done && !parser->carriage;
}

/* A line ends without LF: what was held back is of it. */
static void break_line(struct vp_parser *parser)
{
	static const uint8_t carriage = '\r';

	if (at_start(parser))
		return;
	take_piece(parser, &carriage, parser->carriage, true);
}

/* Does the line that just ended go on behind a literal? */
static bool start_literal(struct vp_parser *parser)
{
	static const uint8_t end[] = { '\r', '\n' };
	struct literal *literal = &parser->literal;

	if (!parser->known || literal->brace != BRACE_CLOSED)
		return false;
	*literal = (struct literal){ .left = literal->size };
	give_data(parser, end, sizeof(end), false);
	parser->carriage = false;
	return true;
}

/* The next bytes of a line, up to its LF when `ends`. */
static void take_line(struct vp_parser *parser, const uint8_t *data, size_t len, bool ends)
{
	static const uint8_t carriage = '\r';
	bool held, last;

	if (parser->carriage && len)
		take_piece(parser, &carriage, 1, false);
	held = len ? data[len - 1] == '\r' : parser->carriage;
	if (len && held)
		len--;
	parser->carriage = held;
	last = ends && !has_tag(parser);
	if (len)
		take_piece(parser, data, len, last);
	if (!ends || (len && last) || start_literal(parser))
		return;
	parser->carriage = false;
	if (!at_start(parser))
		take_piece(parser, data, 0, true);
}

/* A line within a literal that could be a command: its name is given too. */
static void check_inner(struct vp_parser *parser)
{
	const struct words *words = &parser->literal.words;

	if (parser->given == GIVEN_ALL && is_known(parser->dialect, words))
		vp_emit_bytes(parser->sink, parser->dialect->command, words->word,
			      words->word_len);
}

static void take_literal(struct vp_parser *parser, const uint8_t *data, size_t len)
{
	struct words *words = &parser->literal.words;

	give_data(parser, data, len, false);
	for (size_t i = 0; i < len; i++) {
		bool ends = data[i] == '\n';

		if (!words->done) {
			words_take(words, true, data[i] == '\r' ? ' ' : data[i]);
			if (ends || ++words->seen == HEAD_MAX)
				words_end(words, true);
			if (words->done)
				check_inner(parser);
		}
		if (ends)
			*words = (struct words){ 0 };
	}
	parser->literal.left -= len;
}

/* The next bytes up to the end of a line, a literal or a chunk; how many. */
static size_t take_some(struct vp_parser *parser, const uint8_t *data, size_t left)
{
	const uint8_t *newline;
	uint64_t chunk;
	size_t used;

	if (parser->literal.left) {
		used = parser->literal.left < left ? (size_t)parser->literal.left : left;
		take_literal(parser, data, used);
		return used;
	}
	if (at_start(parser)) {
		parser->chunked = parser->chunk;
		if (*data == TLS_HANDSHAKE && parser->mail == MAIL_NONE && !parser->chunk)
			parser->tls = parser->upgrade ? "starttls" : "tls";
	}
	used = parser->chunk && parser->chunk < left ? (size_t)parser->chunk : left;
	newline = memchr(data, '\n', used);
	if (newline)
		used = (size_t)(newline - data) + 1;
	chunk = parser->chunk;
	take_line(parser, data, newline ? used - 1 : used, newline);
	if (chunk)
		parser->chunk = chunk - used;
	if (chunk == used)
		break_line(parser);
	return used;
}

static struct vp_parsed said(const struct vp_parser *parser)
{
	bool inside = !at_start(parser) || parser->mail != MAIL_NONE || parser->chunk ||
		      parser->upgrade;

	if (parser->over.reason)
		return parser->over;
	if (parser->tls)
		return (struct vp_parsed){ .state = VP_PARSE_INSIDE, .reason = parser->tls };
	return (struct vp_parsed){ .state = inside ? VP_PARSE_INSIDE : VP_PARSE_BOUNDARY };
}

/* The server's lines: what they say about DATA and TLS. */
static void take_reply(struct vp_parser *parser, uint8_t c)
{
	bool first = parser->reply_len == 0;

	if (first && c == TLS_HANDSHAKE && parser->tls) {
		bool upgrade = !strcmp(parser->tls, "starttls");

		parser->over.state = upgrade ? VP_PARSE_DONE : VP_PARSE_FOREIGN;
		parser->over.reason = parser->tls;
	}
	if (parser->reply_len < sizeof(parser->reply))
		parser->reply[parser->reply_len++] = c;
	if (parser->mail == MAIL_LIKELY && parser->reply_len == sizeof(parser->reply) &&
	    !memcmp(parser->reply, "354", sizeof(parser->reply)))
		parser->mail = MAIL_CERTAIN;
	if (c == '\n')
		parser->reply_len = 0;
}

static struct vp_parsed command_feed(struct vp_parser *parser, enum vp_direction direction,
				     struct vp_slice bytes)
{
	if (direction == VP_TO_CLIENT)
		for (size_t i = 0; i < bytes.len; i++)
			take_reply(parser, bytes.data[i]);
	else
		for (size_t i = 0; i < bytes.len && !parser->over.reason;)
			i += take_some(parser, bytes.data + i, bytes.len - i);
	return said(parser);
}

static struct vp_parsed command_finish(struct vp_parser *parser, enum vp_direction direction)
{
	if (direction == VP_TO_CLIENT || parser->over.reason)
		return said(parser);
	break_line(parser);
	parser->over = (struct vp_parsed){ .state = VP_PARSE_DONE };
	return parser->over;
}

static void command_close(struct vp_parser *parser)
{
	free(parser);
}

static size_t command_memory(const struct vp_parser *parser)
{
	(void)parser; /* all of it is in the struct */
	return 0;
}

static struct vp_parser *open_dialect(const struct dialect *dialect, struct vp_sink *sink)
{
	struct vp_parser *parser = vp_new(struct vp_parser);

	parser->sink = sink;
	parser->dialect = dialect;
	return parser;
}

#define PROTOCOL(NAME)                                                                        \
	static struct vp_parser *NAME##_open(const struct vp_parser_limits *limits,           \
					     const char *frame, struct vp_sink *sink)         \
	{                                                                                     \
		(void)limits;                                                                 \
		(void)frame;                                                                  \
		return open_dialect(&(NAME), sink);                                           \
	}                                                                                     \
	const struct vp_protocol vp_protocol_##NAME = {                                       \
		.application = #NAME,                                                         \
		.traffic = VP_TRAFFIC_TCP,                                                    \
		.open = NAME##_open,                                                          \
		.close = command_close,                                                       \
		.feed = command_feed,                                                         \
		.finish = command_finish,                                                     \
		.memory = command_memory,                                                     \
	}

PROTOCOL(smtp);
PROTOCOL(ftp);
PROTOCOL(pop3);
PROTOCOL(imap);
