#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs the library to a folder of its own and builds and runs the program beside this file against it.
Usage: install_test.py CMAKE BUILD-FOLDER CXX-COMPILER CXX-FLAGS"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(*command):
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def main():
    cmake, build, compiler, flags = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        prefix, out = pathlib.Path(folder) / "prefix", pathlib.Path(folder) / "build"
        run(cmake, "--install", build, "--component", "library", "--prefix", prefix)
        run(cmake, "-S", HERE, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_CXX_COMPILER={compiler}",
            f"-DCMAKE_CXX_FLAGS={flags}")
        run(cmake, "--build", out)
        ladder = run(out / "ladder").splitlines()
    segments = [line.split("server   ")[1] for line in ladder if " arp " not in line]
    heads = [segment.split()[0] for segment in segments]
    print("\n".join(ladder))
    if heads[:3] != ["S", "S.", "."] or "R" in "".join(heads) or sum("F" in one for one in heads) != 2:
        sys.exit(f"this is no handshake and close: {heads}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
