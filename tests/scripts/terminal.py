# SPDX-License-Identifier: GPL-2.0-or-later
"""
A terminal for tests of full-screen programs: a pseudo-terminal, and what a screen would show of
what is written to it. It understands what terminfo has of xterm-256color and vt100.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

LIMIT = 60  # seconds to wait for a sign: generous, as machines are busy


class Screen:
    """The picture, the cursor, and modes that matter."""

    SEQUENCE = re.compile(r"\x1b(\[([?>]?)([\d;]*)([@-~])|[()][A-Z0-9]|\][^\a\x1b]*\a|"
                          r"[=>78cDEHM])")

    def __init__(self, width, height):
        self.alternate = self.hidden = False
        self.bad = ""  # the first that is not known
        self.rest = ""
        self.resize(width, height)

    def resize(self, width, height):
        self.width, self.height = width, height
        self.cells = [[" "] * width for _ in range(height)]
        self.x = self.y = 0
        self.region = (0, height - 1)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.cells)

    def scroll(self, n):
        top, end = self.region
        for _ in range(abs(n)):
            if n > 0:
                del self.cells[top]
                self.cells.insert(end, [" "] * self.width)
            else:
                del self.cells[end]
                self.cells.insert(top, [" "] * self.width)

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            if self.y == self.region[1]:
                self.scroll(1)
            else:
                self.y = min(self.y + 1, self.height - 1)
        elif char == "\b":
            self.x = max(self.x - 1, 0)
        elif char == "\t":
            self.x = min(self.x // 8 * 8 + 8, self.width - 1)
        elif char >= " ":
            if self.x >= self.width:  # the right margin holds the cursor until more comes
                self.x = 0
                self.put("\n")
            self.cells[self.y][self.x] = self.last = char
            self.x += 1

    def erase(self, line, start, end):
        self.cells[line][start:end] = [" "] * (end - start)

    def control(self, private, numbers, final):
        n = [int(i or 0) for i in numbers.split(";")]
        first = n[0] or 1
        x = min(self.x, self.width - 1)
        line = self.cells[self.y]
        if private == "?" and final in "hl":
            for mode in n:
                self.alternate = final == "h" if mode in (47, 1047, 1049) else self.alternate
                self.hidden = final == "l" if mode == 25 else self.hidden
        elif private or final in "mhltcn":
            pass
        elif final in "Hf":
            self.y = min(first, self.height) - 1
            self.x = min((n[1] if len(n) > 1 else 0) or 1, self.width) - 1
        elif final in "ABCDGd":
            dx, dy = {"A": (0, -first), "B": (0, first), "C": (first, 0), "D": (-first, 0),
                      "G": (first - 1 - x, 0), "d": (0, first - 1 - self.y)}[final]
            self.x = min(max(x + dx, 0), self.width - 1)
            self.y = min(max(self.y + dy, 0), self.height - 1)
        elif final == "J":
            self.erase(self.y, 0 if n[0] else x, x + 1 if n[0] == 1 else self.width)
            lines = {0: range(self.y + 1, self.height), 1: range(self.y)}.get(
                n[0], range(self.height))
            for i in lines:
                self.erase(i, 0, self.width)
        elif final == "K":
            self.erase(self.y, 0 if n[0] else x, x + 1 if n[0] == 1 else self.width)
        elif final == "X":
            self.erase(self.y, x, min(x + first, self.width))
        elif final == "P":
            del line[x:x + first]
            line.extend([" "] * (self.width - len(line)))
        elif final == "@":
            line[x:x] = [" "] * first
            del line[self.width:]
        elif final == "b":
            for _ in range(first):
                self.put(self.last)
        elif final in "LM":
            old, self.region = self.region, (self.y, self.region[1])
            self.scroll(-first if final == "L" else first)
            self.region = old
        elif final in "ST":
            self.scroll(first if final == "S" else -first)
        elif final == "r":
            self.region = (first - 1, (n[1] if len(n) > 1 and n[1] else self.height) - 1)
            self.x = self.y = 0
        else:
            self.bad = self.bad or private + numbers + final

    def feed(self, text):
        text = self.rest + text
        at = 0
        while at < len(text):
            if text[at] != "\x1b":
                self.put(text[at])
                at += 1
                continue
            found = self.SEQUENCE.match(text, at)
            if not found:
                if len(text) - at < 40:
                    break
                self.bad = self.bad or text[at:at + 40]
                at += 1
                continue
            if found[4]:
                self.control(found[2], found[3], found[4])
            elif found[1] == "M":
                self.scroll(-1) if self.y == self.region[0] else None
                self.y = max(self.y - (self.y != self.region[0]), 0)
            at = found.end()
        self.rest = text[at:]


class Terminal:
    """A program with a terminal of its own; it leads a session, as of a shell."""

    def __init__(self, argv, width=80, height=24, **env):
        self.screen = Screen(width, height)
        self.said = ""
        self.status = None
        self.pid, self.fd = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
            os.environ.update(env)
            os.execvp(argv[0], argv)

    def resize(self, width, height):
        self.screen.resize(width, height)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.fd)

    def read(self, seconds=.05):
        """Takes in what there is; False once nobody has the other end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        self.said += text
        self.screen.feed(text)
        return bool(data)

    def wait(self, what, is_so):
        end = time.monotonic() + LIMIT
        while not is_so():
            alive = self.read()
            if time.monotonic() > end or (not alive and not is_so()):
                raise AssertionError("waited in vain: %s\n%s\n%r" % (
                    what, self.screen.text(), self.said[-300:]))

    def shows(self, *texts):
        for text in texts:
            self.wait("'%s'" % text, lambda: text in self.screen.text())

    def hides(self, text):
        self.wait("no '%s'" % text, lambda: text not in self.screen.text())

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def end(self):
        """Waits for the program; returns its status, of a signal as -N."""
        limit = time.monotonic() + LIMIT
        while not self.ended():
            self.read()
            if time.monotonic() > limit:
                self.kill()
                raise AssertionError("it does not end\n" + self.screen.text())
        while self.read(.2) and select.select([self.fd], [], [], 0)[0]:
            pass
        return self.status

    def kill(self):
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)

    def stopped(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        return bool(pid) and os.WIFSTOPPED(status)
