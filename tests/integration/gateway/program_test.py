# SPDX-License-Identifier: GPL-3.0-or-later
"""tobari-gateway as a program: its options, its exit codes, one plain line for a bad configuration."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def config(self, text):
        path = self.folder / "gateway.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    def refused(self, *arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result.stderr

    def test_version_and_help(self):
        self.assertRegex(run("--version").stdout, r"^tobari-gateway \d+\.\d+")
        self.assertIn("enrol", run("--help").stdout)

    def test_bad_configuration(self):
        self.assertIn("no-such.yaml", self.refused("--config", "no-such.yaml"))
        self.assertIn("broker", self.refused("--config", self.config("listen: 127.0.0.1:0\n")))

    def test_not_enrolled(self):
        config = self.config(f"listen: 127.0.0.1:0\nbroker: 127.0.0.1:1\nidentity_dir: {self.folder}/none\n")
        self.assertIn("enrol this node first", self.refused("--config", config))

    def test_bad_join_token(self):
        config = self.config(f"listen: 127.0.0.1:0\nbroker: 127.0.0.1:1\nidentity_dir: {self.folder}/new\n")
        self.assertIn("not a join token", self.refused("enrol", "--config", config, "--join-token", "rubbish"))
        self.assertFalse((self.folder / "new").exists())


unittest.main()
