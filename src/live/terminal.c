/* SPDX-License-Identifier: GPL-2.0-or-later */
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/util.h"
#include "live/terminal.h"
#include "live/view.h"
#include "report/color.h"

#include <term.h> /* the last: it makes macros of plain words */

#define HEAT_STEPS  32 /* colours of heat, where a terminal shows any */
#define MAX_COLOURS 64 /* these, and those of words */
#define ESCAPE_MS   25 /* after which Escape is a key and begins no other */
#define NO_PAIR	    (-1)

static const int killing[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
static const int changing[] = {SIGWINCH, SIGTSTP, SIGCONT};

static struct {
	FILE *file;
	SCREEN *screen;
	enum report_color color;
	struct grid shown;
	bool all; /* nothing of what is shown can be relied on */
	int pairs[MAX_COLOURS][MAX_COLOURS];
	struct sigaction old_killing[ARRAY_SIZE(killing)], old_changing[ARRAY_SIZE(changing)];
	/* For signal handlers. */
	volatile sig_atomic_t open;
	int fd;
	struct termios modes;
	char leave[128];
	size_t leave_len;
} tty = {.fd = -1};

static volatile sig_atomic_t resized, stop_asked, went_on;

/* ---- whatever happens ---- */

/* Only what may be called in a signal handler. */
static void give_back(void)
{
	ssize_t n;

	if (!tty.open)
		return;
	tty.open = 0;
	n = write(tty.fd, tty.leave, tty.leave_len);
	(void)n;
	tcsetattr(tty.fd, TCSANOW, &tty.modes);
}

static void on_killed(int sig)
{
	give_back();
	raise(sig); /* the handler was reset: this ends the program as the signal would have */
}

static void on_change(int sig)
{
	if (sig == SIGWINCH)
		resized = 1;
	else if (sig == SIGTSTP)
		stop_asked = 1;
	else
		went_on = 1;
}

static void catch_signals(void)
{
	struct sigaction die = {.sa_handler = on_killed, .sa_flags = (int)SA_RESETHAND};
	struct sigaction note = {.sa_handler = on_change}; /* without SA_RESTART: waiting ends */

	for (size_t i = 0; i < ARRAY_SIZE(killing); i++)
		sigaction(killing[i], &die, &tty.old_killing[i]);
	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		sigaction(changing[i], &note, &tty.old_changing[i]);
}

static void release_signals(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(killing); i++)
		sigaction(killing[i], &tty.old_killing[i], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(changing); i++)
		sigaction(changing[i], &tty.old_changing[i], NULL);
}

/* A capability as it is sent: without the delays that are for terminals of wire and paper. */
static void add_leave(const char *capability)
{
	const char *s = tigetstr(capability);

	if (!s || s == (char *)-1)
		return;
	while (*s && tty.leave_len < sizeof(tty.leave)) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;

		if (end)
			s = end + 1;
		else
			tty.leave[tty.leave_len++] = *s++;
	}
}

/* ---- colours ---- */

/* Words' colours: of xterm's 256, and as red, green, blue. */
static const struct {
	short xterm;
	int rgb;
} inks[INK_END - INK_UNUSED] = {
	[INK_UNUSED - INK_UNUSED] = {236, 0x303030},   [INK_FAINT - INK_UNUSED] = {245, 0x8a8a8a},
	[INK_TITLE - INK_UNUSED] = {252, 0xd0d0d0},    [INK_ACCENT - INK_UNUSED] = {179, 0xd7af5f},
	[INK_VALUE - INK_UNUSED] = {67, 0x5f87af},     [INK_BAR - INK_UNUSED] = {238, 0x444444},
	[INK_BAR_TEXT - INK_UNUSED] = {255, 0xeeeeee}, [INK_GOOD - INK_UNUSED] = {110, 0x87afd7},
	[INK_WARN - INK_UNUSED] = {215, 0xffaf5f},
};

/* Index into 'pairs': 0 is the terminal's own colour. */
static int index_of(int ink)
{
	if (ink == INK_DEFAULT)
		return 0;
	if (ink < INK_UNUSED)
		return 1 + ink * HEAT_STEPS / COLOR_LEVELS;
	return 1 + HEAT_STEPS + ink - INK_UNUSED;
}

static int colour_of(int ink)
{
	int rgb[3];

	if (ink == INK_DEFAULT)
		return -1;
	if (ink >= INK_UNUSED)
		return tty.color == REPORT_TRUECOLOR ? inks[ink - INK_UNUSED].rgb
						     : inks[ink - INK_UNUSED].xterm;
	if (tty.color != REPORT_TRUECOLOR)
		return color_xterm(ink);
	ink = ink * HEAT_STEPS / COLOR_LEVELS * (COLOR_LEVELS - 1) / (HEAT_STEPS - 1);
	color_rgb(ink, rgb);
	return rgb[0] << 16 | rgb[1] << 8 | rgb[2];
}

static int pair_of(const struct grid_style *s)
{
	int *pair = &tty.pairs[index_of(s->ink)][index_of(s->ground)];

	if (tty.color == REPORT_ASCII)
		return 0;
	if (*pair == NO_PAIR)
		*pair = MAX(alloc_pair(colour_of(s->ink), colour_of(s->ground)), 0);
	return *pair;
}

static void start_colours(enum report_color color)
{
	for (size_t i = 0; i < MAX_COLOURS * MAX_COLOURS; i++)
		(&tty.pairs[0][0])[i] = NO_PAIR;
	tty.color = REPORT_ASCII;
	if (color == REPORT_ASCII || !has_colors() || start_color() == ERR ||
	    use_default_colors() == ERR)
		return;
	/* Colours by their parts need a terminal that is described so. */
	if (color == REPORT_TRUECOLOR && tigetflag("RGB") > 0)
		tty.color = REPORT_TRUECOLOR;
	else if (COLORS >= 256 && COLOR_PAIRS > MAX_COLOURS)
		tty.color = REPORT_256;
}

/* ---- to take and to leave ---- */

bool terminal_has_utf8(void)
{
	const char *name = getenv("LC_ALL");

	if (!name || !*name)
		name = getenv("LC_CTYPE");
	if (!name || !*name)
		name = getenv("LANG");
	if (!setlocale(LC_CTYPE, "") && name &&
	    (strcasestr(name, "utf-8") || strcasestr(name, "utf8")))
		setlocale(LC_CTYPE, "C.UTF-8"); /* theirs is not installed here */
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* A terminal of so many colours may be described under another name only. */
static SCREEN *new_screen(enum report_color color)
{
	const char *term = getenv("TERM");
	char direct[64];
	SCREEN *s = NULL;

	if (color == REPORT_TRUECOLOR && term && !strstr(term, "direct")) {
		snprintf(direct, sizeof(direct), "%.*s-direct", (int)strcspn(term, "-"), term);
		s = newterm(direct, tty.file, tty.file);
	}
	return s ? s : newterm(NULL, tty.file, tty.file);
}

static void set_up_screen(void)
{
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	typeahead(-1);
	leaveok(stdscr, TRUE);
}

int terminal_open(enum report_color color, int *fd, struct damon_fail *fail)
{
	const char *term = getenv("TERM");
	static bool at_exit;

	tty.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty.fd < 0 || tcgetattr(tty.fd, &tty.modes)) {
		int err = errno;

		closep(&tty.fd);
		tty.fd = -1;
		return damon_fail(fail, err, "there is no terminal to draw on: %s", strerror(err));
	}
	tty.file = fdopen(tty.fd, "r+");
	catch_signals();
	tty.screen = tty.file ? new_screen(color) : NULL;
	if (!tty.screen || !cursor_address) {
		release_signals();
		if (tty.screen)
			endwin();
		fclose(tty.file);
		tty.fd = -1;
		damon_fail(fail, ENOTSUP, "a terminal of type '%.60s' cannot be drawn on",
			   term ? term : "");
		damon_fail_remedy(fail, "set TERM to what it is, or use '--plain'");
		return -ENOTSUP;
	}
	tty.leave_len = 0;
	add_leave("sgr0");
	add_leave("cnorm");
	add_leave("rmkx");
	add_leave("rmcup");
	tty.open = 1;
	if (!at_exit)
		atexit(give_back);
	at_exit = true;
	set_up_screen();
	start_colours(color);
	tty.all = true;
	resized = stop_asked = went_on = 0;
	*fd = tty.fd;
	return 0;
}

void terminal_close(void)
{
	if (tty.fd < 0)
		return;
	if (tty.open)
		endwin();
	give_back(); /* the modes as they were found, whatever ncurses took for them */
	delscreen(tty.screen);
	release_signals();
	fclose(tty.file);
	grid_release(&tty.shown);
	tty.fd = -1;
}

void terminal_size(int *width, int *height)
{
	struct winsize size;

	*width = 80;
	*height = 24;
	if (ioctl(tty.fd, TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
		return;
	*width = MIN((int)size.ws_col, 2000);
	*height = MIN((int)size.ws_row, 1000);
}

/* Stops as any program does at Ctrl-Z; returns when it goes on. */
static void stop(void)
{
	struct sigaction def = {.sa_handler = SIG_DFL}, note;

	endwin();
	sigaction(SIGTSTP, &def, &note);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &note, NULL);
}

bool terminal_changed(void)
{
	int width, height;

	if (stop_asked) {
		stop_asked = 0;
		stop();
		went_on = 1;
	}
	if (!resized && !went_on)
		return false;
	if (went_on) { /* a shell may have changed the modes meanwhile */
		reset_prog_mode();
		clearok(curscr, TRUE);
	}
	resized = went_on = 0;
	terminal_size(&width, &height);
	resizeterm(height, width);
	tty.all = true;
	return true;
}

/* ---- drawing ---- */

static void put_cell(int x, int y, const struct grid_cell *cell)
{
	wchar_t text[2] = {(wchar_t)cell->ch, 0};
	/* Without colours the bar is reversed instead. */
	bool reverse = cell->style.attrs & GRID_REVERSE && tty.color == REPORT_ASCII;
	attr_t attrs = (cell->style.attrs & GRID_BOLD ? A_BOLD : 0) | (reverse ? A_REVERSE : 0);
	int pair = pair_of(&cell->style);
	cchar_t c;

	setcchar(&c, text, attrs, (short)pair, NULL);
	mvadd_wch(y, x, &c);
}

static bool takes_output(void)
{
	struct pollfd fd = {.fd = tty.fd, .events = POLLOUT};

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLOUT;
}

void terminal_show(const struct grid *g)
{
	struct grid *old = &tty.shown;

	if (!takes_output())
		return;
	if (old->width != g->width || old->height != g->height)
		tty.all = true;
	if (tty.all && grid_resize(old, g->width, g->height))
		return;
	if (tty.all)
		erase();
	for (int y = 0; y < g->height; y++) {
		for (int x = 0; x < g->width; x++) {
			size_t i = (size_t)y * (size_t)g->width + (size_t)x;

			if (!memcmp(&old->cells[i], &g->cells[i], sizeof(*g->cells)))
				continue;
			old->cells[i] = g->cells[i];
			put_cell(x, y, &g->cells[i]);
		}
	}
	tty.all = false;
	refresh();
}

/* ---- keys ---- */

uint32_t terminal_key(void)
{
	static const struct {
		wint_t curses;
		uint32_t key;
	} keys[] = {
		{KEY_UP, LIVE_KEY_UP},	     {KEY_DOWN, LIVE_KEY_DOWN}, {KEY_LEFT, LIVE_KEY_LEFT},
		{KEY_RIGHT, LIVE_KEY_RIGHT}, {KEY_HOME, LIVE_KEY_HOME},
	};
	wint_t ch;
	int kind = get_wch(&ch);

	if (kind == OK)
		return ch;
	for (size_t i = 0; kind == KEY_CODE_YES && i < ARRAY_SIZE(keys); i++)
		if (keys[i].curses == ch)
			return keys[i].key;
	return kind == KEY_CODE_YES ? terminal_key() : 0;
}
