# SPDX-License-Identifier: GPL-3.0-or-later
"""Plants one violation of each kind into a tree of its own and looks whether check_includes.py finds just that one."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_includes  # the folder must be on the path first

HEAD = "// SPDX-License-Identifier: GPL-3.0-or-later\n"


class Planted(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)

    def write(self, path, text, head=HEAD):
        full = self.tree / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(head + text, encoding="utf-8")

    def found(self):
        checker = check_includes.Checker(self.tree)
        checker.check_tree()
        return checker.violations

    def one(self, path, text, line, message):
        """`text` in `path` gives exactly one violation, at `line` of the file."""
        self.write(path, text)
        found = self.found()
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found)
        self.assertIn(message, found[0])

    def test_a_good_tree(self):
        self.write("policy/src/a.cpp", '#include <tobari/policy/a.h>\n\n#include <vector>\n\n#include "b.h"\n')
        self.write("policy/src/b.h", "#pragma once\n")
        self.write("broker/src/core/c.cpp", '#include "core/c.h"\n#include <tobari/base/log.h>\n')
        self.write("broker/src/core/c.h", "#pragma once\n// throw, std::thread and detach() in a comment\n")
        self.write("vmhost/src/d.cpp", 'const char* k = "throw"; const char* r = R"(throw "x")"; bool no_throw(int);\n')
        self.write("tests/unit/e.cpp", "#include <freerdp/freerdp.h>\nvoid f() { throw 1; }\n")
        self.assertEqual(self.found(), [])

    def test_a_component_that_is_not_allowed(self):
        self.one("policy/src/a.cpp", "#include <tobari/base/ids.h>\n", 2, "policy may not include")
        self.write("policy/src/a.cpp", "")
        self.one("client-qt/src/a.cpp", "\n#include <tobari/display/frame.h>\n", 3, "client-qt may not include")

    def test_another_components_source(self):
        self.write("broker/src/core/secret.h", "")
        self.one("vmhost/src/a.cpp", '#include "../../broker/src/core/secret.h"\n', 2, "private header of another component")
        self.write("vmhost/src/a.cpp", "")
        self.one("broker/gateway/b.cpp", '#include "core/secret.h"\n', 2, "not a header of broker/gateway")

    def test_a_library_out_of_its_place(self):
        for path, header, library in [("broker/src/core/a.cpp", "freerdp/peer.h", "FreeRDP"),
                                      ("broker/src/a.cpp", "libvirt/libvirt.h", "libvirt"),
                                      ("broker/src/http/router.cpp", "boost/beast/http.hpp", "Boost.Beast"),
                                      ("vmhost/src/a.cpp", "QString", "Qt"),
                                      ("display-encoder/src/rdp/a.cpp", "X11/Xlib.h", "X11"),
                                      ("broker/gateway/a.cpp", "gtest/gtest.h", "GoogleTest"),
                                      ("vmhost/src/b.cpp", "leveldb/db.h", "no library known")]:
            with self.subTest(library):
                self.one(path, f"#include <{header}>\n", 2, library)
                (self.tree / path).unlink()

    def test_the_pure_tier(self):
        self.one("display-encoder/src/diff/a.cpp", "#include <mutex>\n", 2, "pure tier")
        (self.tree / "display-encoder/src/diff/a.cpp").unlink()
        self.one("policy/src/a.cpp", "#include <fstream>\n", 2, "pure tier")

    def test_words(self):
        for text, message in [("void f() { throw 1; }\n", "nothing throws"),
                              ("std::thread t;\n", "std::jthread"),
                              ("void f() { t.detach(); }\n", "no detached"),
                              ("void f() { std::this_thread::sleep_for(x); }\n", "never sleep"),
                              ("using namespace std;\n", "spell std::"),
                              ("void f() { loop.post([&] { g(); }); }\n", "name what is captured"),
                              ("void f() { a->set_handler(1, [=, this](int) { g(); }); }\n", "name what is captured")]:
            with self.subTest(text):
                self.one("broker/src/a.cpp", text, 2, message)

    def test_the_line_of_a_word_behind_a_long_comment(self):
        self.one("broker/src/a.cpp", "/* one\n two\n three */\nvoid f() { throw 1; }\n", 5, "throw")

    def test_the_licence(self):
        for path in ["policy/src/a.cpp", "tests/x/run.py", "policy/CMakeLists.txt"]:
            with self.subTest(path):
                self.write(path, "\n", head="")
                self.assertIn(f"{path}:1: the first lines lack", self.found()[0])
                (self.tree / path).unlink()
        self.write("installer/tool", "#!/bin/sh\necho\n", head="")
        self.assertEqual(len(self.found()), 1)

    def test_long_files_are_listed(self):
        self.write("policy/src/a.cpp", "\n" * 600)
        checker = check_includes.Checker(self.tree)
        checker.check_tree()
        self.assertEqual((checker.violations, len(checker.long_files)), ([], 1))


unittest.main()
