# SPDX-License-Identifier: Apache-2.0
"""Builds the plugin of the reference stack with other texts in place of some of its sources.

Nothing is built that has not changed: the objects of a build serve for the rest, and the compiler's cache for
what was built before."""
import pathlib
import shlex
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Compiling must be fast, not the code; warnings are for the original.
FLAGS = ["-O0", "-g0", "-w", "-fno-lto"]


class BuildError(Exception):
    pass


def own_name(word):
    """"a/b.cc.o" of "a/CMakeFiles/x.dir/b.cc.o"."""
    folder, _, rest = word.partition("/CMakeFiles/")
    return f"{folder}/{rest.partition('.dir/')[2]}" if word.endswith(".o") and ".dir/" in rest else word


class Plugin:
    """How a build makes plugins/reference.so, taken from its own words. `folder` is that of the build, by ninja."""

    def __init__(self, folder):
        self.folder = folder
        commands = self.ninja("-t", "commands", "reference_plugin").splitlines()
        self.compilers = {}  # source -> the words that compile it
        for command in commands:
            words = shlex.split(command)
            if "-c" in words:
                source = pathlib.Path(words[words.index("-c") + 1]).resolve().relative_to(ROOT)
                self.compilers[str(source)] = words
        link = next(c for c in reversed(commands) if "reference.so" in c and "-shared" in c)
        self.link_words = [word for word in shlex.split(link.split("&&")[1] if "&&" in link else link)]
        self.users = {}  # header -> the sources that read it
        for line in self.ninja("-t", "deps").splitlines():
            if line and not line.startswith(" "):
                source = None
            elif line.strip():
                path = pathlib.Path(folder, line.strip()).resolve()
                if not path.is_relative_to(ROOT):
                    continue
                name = str(path.relative_to(ROOT))
                if source is None:
                    source = name
                if source in self.compilers and name.endswith(".h"):
                    self.users.setdefault(name, set()).add(source)

    def ninja(self, *words):
        return subprocess.run(["ninja", "-C", str(self.folder), *words], stdout=subprocess.PIPE, text=True,
                              check=True).stdout

    def run(self, words):
        done = subprocess.run(words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise BuildError(done.stdout)

    def sources_for(self, files):
        """What has to be compiled anew if `files` change."""
        wanted = set()
        for file in files:
            wanted |= self.users.get(file, set()) if file.endswith(".h") else {file}
        return sorted(wanted)

    def compile(self, source, folder):
        """`source`, as it stands in `folder` or else in the tree, to an object there."""
        own = folder / source
        return self.compile_as(own if own.exists() else ROOT / source, source, folder)

    def compile_as(self, text, source, folder):
        """`text` to an object in `folder`, with the words that compile `source`."""
        words = list(self.compilers[source])
        into = folder / (text.name + ".o") if text.is_relative_to(ROOT / "tests") else folder / (source + ".o")
        into.parent.mkdir(parents=True, exist_ok=True)
        at = words.index("-c")
        words[at + 1] = str(text)
        words[words.index("-o") + 1] = str(into)
        for option in ("-MF", "-MT"):
            if option in words:
                place = words.index(option)
                del words[place:place + 2]
        words = [word for word in words if word not in ("-MD", "-Werror")]
        compiler = 2 if "ccache" in words[0] else 1
        words[compiler:compiler] = [f"-I{folder}", f"-I{ROOT}"]
        self.run(words + FLAGS)
        return into

    def link(self, objects, into):
        # An object that stands in the command by itself is left out where it was made anew.
        made = [str(one) for one in objects]
        words = [word for word in self.link_words if not any(one.endswith("/" + own_name(word)) for one in made)]
        words[words.index("-o") + 1] = str(into)
        # Before the archives, whose members of the same names then stay out.
        words[words.index("-o") + 2:words.index("-o") + 2] = made
        self.run(words + ["-fno-lto"] + (["-fuse-ld=lld"] if shutil.which("ld.lld") else []))
