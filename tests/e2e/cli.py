"""What the end-to-end tests of the command line share: running zyd, a devnet of one's own, checks that say what they saw."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
SOURCE = os.path.abspath(sys.argv[2])
ZYD = os.path.join(BUILD, "zyd")


class World:
    """A temporary directory with its devnet; everything started in it is stopped at the end, whatever happens."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="zyd-e2e-")
        self.devnet = os.path.join(self.dir, "devnet")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("ZYD_")}
        self.env.update(ZYD_DEVNET_DIR=self.devnet, XDG_STATE_HOME=self.dir, LC_ALL="C.UTF-8", ZYD_LANG="en")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if os.path.exists(os.path.join(self.devnet, "devnet.json")):
            subprocess.run([ZYD, "devnet", "down"], env=self.env, capture_output=True, timeout=120)
        if kind is None:
            shutil.rmtree(self.dir, ignore_errors=True)
        else:
            print("kept for inspection:", self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def run(self, *args, code=0, lang=None, timeout=120):
        """Runs zyd; checks the exit code; returns (stdout, stderr)."""
        env = dict(self.env, ZYD_LANG=lang) if lang else self.env
        p = subprocess.run([ZYD, *map(str, args)], env=env, capture_output=True, text=True, timeout=timeout, cwd=self.dir)
        if p.returncode != code:
            raise AssertionError(f"zyd {' '.join(map(str, args))}: exit {p.returncode}, wanted {code}\n{p.stdout}\n{p.stderr}")
        return p.stdout, p.stderr

    def json(self, *args, code=0):
        out, _ = self.run(*args, "-o", "json", code=code)
        return json.loads(out)

    def spawn(self, *args):
        return subprocess.Popen([ZYD, *map(str, args)], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                cwd=self.dir)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8-sig") as f:
            return f.read()


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def expect_in(part, text):
    if part not in text:
        raise AssertionError(f"{part!r} is not in:\n{text}")


def until(what, look, seconds=30):
    """What look() gives, as soon as it gives something.  The one poll of the end-to-end tests: for what no command and no
    request of the product waits for.  `what` may be a function: it is asked when the time is over."""
    end = time.monotonic() + seconds
    while not (got := look()):
        if time.monotonic() >= end:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(0.05)
    return got


def main(*tests):
    for t in tests:
        t()
        print("ok", t.__name__)
