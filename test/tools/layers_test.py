"""tools/layers on small trees."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

LAYERS = pathlib.Path(__file__).resolve().parents[2] / "tools/layers"


class LayersTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tree = pathlib.Path(self.folder.name)
        self.write("src/CMakeLists.txt", "add_subdirectory(base)\nforeach(folder net api\n  agent)\nendforeach()\n")
        self.write("src/base/CMakeLists.txt", "module(base PUBLIC Threads::Threads)\n")
        self.write("src/net/CMakeLists.txt", "module(net DEPENDS base)\n")
        self.write("src/api/CMakeLists.txt", "module(api DEPENDS net # and more\n  PRIVATE Boost::json)\n")
        self.write("src/agent/CMakeLists.txt", "module(agent DEPENDS api)\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def layers(self):
        done = subprocess.run([sys.executable, LAYERS, self.tree], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.splitlines()

    def test_accepts_own_headers_base_and_what_is_declared(self):
        self.write("src/api/node.cc", '#include "api/node.h"\n#include "base/result.h"\n#include "net/ip.h"\n#include <map>\n')
        self.write("src/api/node_test.cc", '#include "test/support.h"\n')
        self.assertEqual(self.layers(), (0, ["layers: fine"]))

    def test_refuses_an_include_up_a_layer(self):
        self.write("src/net/ip.cc", '#include "net/ip.h"\n#include "api/node.h"\n')
        self.assertEqual(self.layers(), (1, ["src/net/ip.cc:2: net includes api, which is not below it"]))

    def test_refuses_what_is_only_reached_through_another_module(self):
        self.write("src/agent/main.cc", '#include "api/node.h"\n# include "net/ip.h"\n')
        self.assertEqual(self.layers(), (1, ["src/agent/main.cc:2: agent includes net, which it does not name in DEPENDS"]))

    def test_holds_headers_and_tests_to_the_same(self):
        self.write("src/agent/a.h", '#include "net/ip.h"\n')
        self.write("src/agent/a_test.cc", '#include "net/ip.h"\n')
        self.assertEqual(len(self.layers()[1]), 2)

    def test_refuses_a_dependency_declared_upwards(self):
        self.write("src/net/CMakeLists.txt", "module(net DEPENDS base api)\n")
        self.assertEqual(self.layers(), (1, ["src/net/CMakeLists.txt: net depends on api, which is not below it"]))

    def test_a_folder_inside_a_module_stands_above_it_and_has_a_name_of_its_own(self):
        self.write("src/net/etcd/CMakeLists.txt", "module(net_etcd DEPENDS net)\n")
        self.write("src/net/etcd/a.cc", '#include "net/etcd/a.h"\n#include "net/ip.h"\n')
        self.write("src/agent/CMakeLists.txt", "module(agent DEPENDS net_etcd)\n")
        self.write("src/agent/a.cc", '#include "net/etcd/a.h"\n')
        self.assertEqual(self.layers(), (0, ["layers: fine"]))

        self.write("src/net/ip.cc", '#include "net/etcd/a.h"\n')
        self.write("src/api/b.cc", '#include "net/etcd/a.h"\n')
        self.assertEqual(
            self.layers(),
            (
                1,
                [
                    "src/api/b.cc:1: api includes net/etcd, which it does not name in DEPENDS",
                    "src/net/ip.cc:1: net includes net/etcd, which is not below it",
                ],
            ),
        )

    def test_takes_a_second_library_of_a_folder_for_that_folder(self):
        self.write("src/api/CMakeLists.txt", "add_library(api_small STATIC a.cc)\nmodule(api DEPENDS net)\n")
        self.write("src/agent/CMakeLists.txt", "program(tool STATIC SOURCES main.cc DEPENDS api_small)\n")
        self.write("src/agent/main.cc", '#include "api/a.h"\n')
        self.assertEqual(self.layers(), (0, ["layers: fine"]))

    def test_lets_tests_use_what_only_they_are_linked_with(self):
        lists = "module(agent DEPENDS api)\nif(TARGET agent_net_test)\n  target_link_libraries(agent_net_test PRIVATE net)\nendif()\n"
        self.write("src/agent/CMakeLists.txt", lists)
        self.write("src/agent/a_net_test.cc", '#include "net/ip.h"\n')
        self.assertEqual(self.layers(), (0, ["layers: fine"]))

        self.write("src/agent/a.cc", '#include "net/ip.h"\n')
        self.assertEqual(self.layers(), (1, ["src/agent/a.cc:1: agent includes net, which it does not name in DEPENDS"]))

    def test_refuses_a_module_that_has_no_place(self):
        self.write("src/stray/CMakeLists.txt", "module(stray)\n")
        self.assertEqual(self.layers(), (1, ["src/stray/CMakeLists.txt: stray is not in the list in src/CMakeLists.txt"]))


if __name__ == "__main__":
    unittest.main()
