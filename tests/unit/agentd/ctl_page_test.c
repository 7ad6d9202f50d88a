/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines, pairs and tables: widths, colours, and text that must not reach a terminal as sent.
 */
#include "agentd/ctl/page.h"
#include "tests/unit/agentd/ctl_test.h"

static void assert_page(struct vp_page *page, const char *text)
{
	assert_string_equal(vp_strbuf_text(&page->text), text);
	vp_page_free(page);
}

static void lines_wrap_at_the_width(void **state)
{
	struct vp_page page = { .width = 20 };

	(void)state;
	vp_page_line(&page, 2, "one two three four five six");
	assert_page(&page, "one two three four\n  five six\n");
}

static void nothing_wraps_without_a_terminal(void **state)
{
	struct vp_page page = { .width = 0 };

	(void)state;
	vp_page_line(&page, 2,
		     "one two three four five six seven eight nine ten eleven twelve");
	assert_page(&page, "one two three four five six seven eight nine ten eleven twelve\n");
}

static void a_word_longer_than_the_width_is_kept(void **state)
{
	struct vp_page page = { .width = 10 };

	(void)state;
	vp_page_item(&page, "a 2001:db8:0:1:2:3:4:5 b");
	assert_page(&page, "  - a\n    2001:db8:0:1:2:3:4:5\n    b\n");
}

static void pairs_align(void **state)
{
	struct vp_page page = { .width = 40 };

	(void)state;
	vp_page_pair(&page, "daemon", "running since a long time ago");
	vp_page_pair(&page, "empty", "");
	vp_page_pair(&page, "missing", NULL);
	assert_page(&page, "  daemon         running since a long\n"
			   "                 time ago\n");
}

static void foreign_bytes_do_not_reach_the_terminal(void **state)
{
	struct vp_page page = { 0 };

	(void)state;
	vp_page_line(&page, 0, "%s", "a\033[2Jb\rc\x7f d\xc2\x9b e\xc3\xa9");
	vp_page_raw(&page, "x\033]0;title\007\ty\n");
	assert_page(&page, "a?[2Jb?c? d?? e\xc3\xa9\nx?]0;title? y\n");
}

static const struct vp_column columns[] = {
	{ "ID", false, false },
	{ "PACKETS", true, false },
	{ "TITLE", false, true },
};

static void tables_align_and_cut_what_may_be_cut(void **state)
{
	struct vp_table table = { .columns = columns, .count = 3 };
	struct vp_page page = { .width = 38 };

	(void)state;
	vp_table_cell(&table, VP_TONE_PLAIN, "CVE-2013-5211");
	vp_table_cell(&table, VP_TONE_PLAIN, "1,234");
	vp_table_cell(&table, VP_TONE_PLAIN, "NTP monlist amplification");
	vp_table_cell(&table, VP_TONE_PLAIN, "X");
	vp_table_cell(&table, VP_TONE_PLAIN, "0");
	vp_table_cell(&table, VP_TONE_PLAIN, "short");
	vp_table_print(&table, &page);
	assert_page(&page, "ID             PACKETS  TITLE\n"
			   "CVE-2013-5211    1,234  NTP monlist...\n"
			   "X                    0  short\n");
}

static void tables_are_whole_without_a_terminal(void **state)
{
	struct vp_table table = { .columns = columns, .count = 3 };
	struct vp_page page = { .width = 0 };

	(void)state;
	vp_table_cell(&table, VP_TONE_PLAIN, "A");
	vp_table_cellf(&table, VP_TONE_PLAIN, "%d", 7);
	vp_table_cell(&table, VP_TONE_PLAIN, "d\xc3\xa9j\xc3\xa0\nvu");
	vp_table_print(&table, &page);
	assert_page(&page, "ID  PACKETS  TITLE\nA         7  d\xc3\xa9j\xc3\xa0 vu\n");
}

static void an_empty_table_is_nothing(void **state)
{
	struct vp_table table = { .columns = columns, .count = 3 };
	struct vp_page page = { 0 };

	(void)state;
	vp_table_print(&table, &page);
	assert_page(&page, "");
}

static void colours_only_where_asked_for(void **state)
{
	struct vp_page plain = { 0 }, coloured = { .colour = true };

	(void)state;
	vp_page_tone(&plain, VP_TONE_BAD, "x");
	vp_page_tone(&coloured, VP_TONE_BAD, "x");
	assert_page(&plain, "x\n");
	assert_page(&coloured, "\033[31mx\033[0m\n");
}

static void numbers_are_exact(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(vp_number_text(0, text), "0");
	assert_string_equal(vp_number_text(999, text), "999");
	assert_string_equal(vp_number_text(1000, text), "1,000");
	assert_string_equal(vp_number_text(18446744073709551615ull, text),
			    "18,446,744,073,709,551,615");
}

int test_page(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_wrap_at_the_width),
		cmocka_unit_test(nothing_wraps_without_a_terminal),
		cmocka_unit_test(a_word_longer_than_the_width_is_kept),
		cmocka_unit_test(pairs_align),
		cmocka_unit_test(foreign_bytes_do_not_reach_the_terminal),
		cmocka_unit_test(tables_align_and_cut_what_may_be_cut),
		cmocka_unit_test(tables_are_whole_without_a_terminal),
		cmocka_unit_test(an_empty_table_is_nothing),
		cmocka_unit_test(colours_only_where_asked_for),
		cmocka_unit_test(numbers_are_exact),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
