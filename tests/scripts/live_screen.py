# SPDX-License-Identifier: GPL-2.0-or-later
"""live's full screen on a real terminal and a real program: live_screen.py PROGRAM WORKLOADS"""
import os
import signal
import subprocess
import sys
import termios
import time

from terminal import Terminal

PROGRAM, WORK = sys.argv[1:3]
COMMAND = ["--rate", "400", "--", WORK + "/moving", "--seconds", "120", "--mib", "64"]
UTF8 = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

# what ignores them (nohup) hands that down to the program
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)



def live(*args, width=100, height=30, **env):
    return Terminal([PROGRAM, "live", *args], width, height, **(env or UTF8))


def command_of(t):
    """The pid of the command that 't' runs."""
    with open("/proc/%d/task/%d/children" % (t.pid, t.pid), encoding="ascii") as f:
        return int(f.read().split()[0])


def end_command(t):
    """What runs under 't' ends: nobody waits for its two minutes."""
    try:
        os.kill(command_of(t), signal.SIGKILL)
    except (IndexError, OSError):
        pass


def is_restored(t, before):
    """The modes, the screen and the cursor are as they were."""
    assert not t.screen.alternate, "it left the other screen on"
    assert not t.screen.hidden, "it left the cursor hidden"
    if before:
        assert t.modes()[:4] == before[:4], "modes: %s, not %s" % (t.modes(), before)
    assert not t.screen.bad, "what is %r?" % t.screen.bad


def master_modes():
    """Modes that a fresh pseudo-terminal has, which programs leave as they were."""
    t = Terminal(["sh", "-c", "read x"])
    modes = t.modes()
    t.press("\n")
    t.end()
    return modes


FRESH = master_modes()


def keys():
    t = live(*COMMAND)
    t.shows("WORKING SET", "moving", "HOTTEST", "COLDEST", "now", "q quit", "▀")
    t.press("?")
    t.shows("choose a process", "bounds")
    t.press("?")
    t.hides("choose a process")
    t.press("h")
    t.hides("page/s")
    t.press("h")
    t.shows("page/s")
    t.press("w")
    t.hides("working set, 1 s")
    t.press("w")
    t.press("r")
    t.hides("HOTTEST")
    t.press("r")
    t.shows("HOTTEST")
    t.press("s")
    t.shows("sort:working set")
    t.press("]")
    t.shows("2 s a column")
    t.press("[")
    t.shows("0.5 s a column")
    t.press("+")
    t.wait("a range", lambda: "in use," not in t.screen.text())
    t.press("\x1bOC")
    t.press("-")
    t.press("\x1bOH")
    t.shows("in use,")
    t.press("z")
    t.wait("the hottest", lambda: "in use," not in t.screen.text())
    t.press(" ")
    t.shows("PAUSED", "go on")
    t.press(" ")
    t.hides("PAUSED")
    t.press("\t1x")  # one process, no scheme, no such key
    t.press("q")
    t.wait("the screen goes", lambda: not t.screen.alternate)
    t.wait("what goes on", lambda: "waiting for" in t.said)
    end_command(t)
    assert t.end() == 128 + signal.SIGKILL
    is_restored(t, FRESH)


def sizes():
    t = live(*COMMAND)
    t.shows("HOTTEST")
    for width, height, sign in ((10, 3, "0:"), (1, 1, ""), (200, 50, "HOTTEST"),
                                (40, 12, "quit"), (80, 24, "COLDEST")):
        t.resize(width, height)
        if sign:
            t.shows(sign)
    t.press("q")
    t.wait("the screen goes", lambda: not t.screen.alternate)
    end_command(t)
    t.end()
    is_restored(t, FRESH)


def letters():
    for env in ({"TERM": "vt100", "LC_ALL": "C"}, {"TERM": "xterm-256color", "LC_ALL": "C"},
                {"TERM": "vt100", "LC_ALL": "C.UTF-8"},
                {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}):
        t = live(*COMMAND, **env)
        t.shows("WORKING SET", "page/s", "now")
        assert t.screen.text().isascii() == (env["LC_ALL"] == "C"), t.screen.text()
        if env["TERM"] == "vt100" or "NO_COLOR" in env:
            assert "38;5" not in t.said and "48;5" not in t.said, "colours"
        else:
            t.wait("colours", lambda: "48;5" in t.said)
        t.press("q")
        t.wait("the screen goes", lambda: not t.screen.alternate and "waiting" in t.said)
        end_command(t)
        t.end()


def no_terminal_for_it():
    t = live(*COMMAND, TERM="no-such-terminal", LC_ALL="C")
    t.wait("a sentence", lambda: "cannot be drawn on" in t.said)
    assert t.end() == 125
    t = live(*COMMAND[:2], "--duration", "1", *COMMAND[2:-4], "--seconds", "2", TERM="dumb",
             LC_ALL="C")
    t.wait("lines", lambda: "samples" in t.said)
    end_command(t)
    t.end()
    assert "\x1b" not in t.said, t.said


def schemes():
    """Switched off and on by a key; read again when asked to."""
    with open("s.json", "w", encoding="ascii") as f:
        f.write('[{"action": "stat"}]')
    t = live("--schemes", "s.json", *COMMAND)
    t.shows("SCHEME", "1 stat", " on ")
    t.press("1")
    t.shows("switched off")
    t.press("1")
    t.hides("switched off")
    with open("s.json", "w", encoding="ascii") as f:
        f.write('[{"action": "fly"}]')
    os.kill(t.pid, signal.SIGHUP)
    t.shows("schemes go on as they were: s.json: [0].action: 'fly' is not an action", "1 stat")
    with open("s.json", "w", encoding="ascii") as f:
        f.write('[{"action": "stat"}, {"action": "stat"}]')
    os.kill(t.pid, signal.SIGHUP)
    t.shows("schemes were read again", "2 stat")
    t.press("q")
    t.wait("what goes on", lambda: "waiting for" in t.said)
    end_command(t)
    t.end()
    is_restored(t, FRESH)


def output_of_command():
    t = live("--rate", "400", "--", "sh", "-c",
             "echo first; echo second >&2; read x || echo no input; sleep 3; exit 7")
    t.shows("output: no input")
    assert t.end() == 7
    is_restored(t, FRESH)
    assert t.said.endswith("first\r\nsecond\r\nno input\r\n"), t.said[-200:]


def paused_to_the_end():
    t = live("--rate", "400", "--", WORK + "/moving", "--seconds", "3", "--mib", "16")
    t.shows("moving")
    t.press(" ")
    t.shows("PAUSED")
    pid = command_of(t)
    os.kill(pid, signal.SIGKILL)
    t.wait("it ends", lambda: state_of(pid) in "Z-")
    for _ in range(20):
        t.read()
    assert not t.ended() and t.screen.alternate, "the picture is gone"
    t.press("q")
    assert t.end() == 128 + signal.SIGKILL
    is_restored(t, FRESH)


def state_of(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return "-"


def signals():
    for sig in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        target = subprocess.Popen([WORK + "/moving", "--seconds", "120", "--mib", "16"])
        t = live("--rate", "400", "-p", str(target.pid))
        t.shows("moving")
        os.kill(t.pid, sig)
        assert t.end() == 0, sig
        is_restored(t, FRESH)
        target.kill()
        target.wait()


def killed():
    """Signals that kill: the terminal is given back all the same."""
    target = subprocess.Popen([WORK + "/moving", "--seconds", "120", "--mib", "16"])
    for sig in signal.SIGABRT, signal.SIGSEGV:
        t = live("--rate", "400", "-p", str(target.pid))
        t.shows("moving")
        os.kill(t.pid, sig)
        assert t.end() in (-sig, 1), t.status  # sanitizers have handlers of their own
        if t.status == -sig:
            is_restored(t, FRESH)
    target.kill()
    target.wait()


def hang_up():
    """The terminal goes away: it ends in order, and so does the record."""
    target = subprocess.Popen([WORK + "/moving", "--seconds", "120", "--mib", "16"])
    t = live("--rate", "400", "-o", "r.data", "-p", str(target.pid))
    t.shows("moving")
    os.close(t.fd)
    end = time.monotonic() + 60
    while not t.ended():
        assert time.monotonic() < end, "it does not end"
        time.sleep(.05)
    assert t.status == 0, t.status
    info = subprocess.run([PROGRAM, "report", "info", "-i", "r.data"], check=True,
                          capture_output=True, text=True).stdout
    assert "not complete" not in info, info
    target.kill()
    target.wait()


def suspend():
    """Ctrl-Z, and on again: as a job of a shell."""
    target = subprocess.Popen([WORK + "/moving", "--seconds", "120", "--mib", "16"])
    t = Terminal(["sh", "-c", 'set -m; "$0" live --rate 400 -p "$1"; echo stopped; read x; fg',
                  PROGRAM, str(target.pid)], 100, 30, **UTF8)
    t.shows("moving", "HOTTEST")
    t.press("\x1a")
    t.wait("it stops", lambda: "stopped" in t.said)
    is_restored(t, None)
    assert t.modes()[3] & termios.ECHO, "modes"
    t.press("\n")
    t.shows("moving", "HOTTEST")
    t.press("q")
    t.end()
    is_restored(t, FRESH)
    target.kill()
    target.wait()


def main():
    names = sys.argv[3:] or ["keys", "sizes", "letters", "no_terminal_for_it", "schemes",
                             "output_of_command", "paused_to_the_end", "signals", "killed",
                             "hang_up", "suspend"]
    for name in names:
        try:
            globals()[name]()
        except AssertionError as error:
            sys.exit("%s: %s" % (name, error))


main()
