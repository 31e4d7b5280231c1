"""docs/metrics.md and the sources name the same metrics."""
import pathlib
import re
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
MADE = re.compile(r'metrics::(counter|gauge|histogram)\(\s*"(\w+)"')
ROW = re.compile(r"^\| `(\w+)(?:\{\w+\})?` \| (\w+) \|", re.MULTILINE)
IN_TEXT = re.compile(r"^`(\w+)\{stage\}` is a (\w+)", re.MULTILINE)


def made():
    found = {}
    for file in sorted((TREE / "src").rglob("*.cc")):
        if not file.name.endswith("_test.cc"):
            found |= {name: kind for kind, name in MADE.findall(file.read_text())}
    return found


def documented():
    text = (TREE / "docs/metrics.md").read_text()
    return dict(ROW.findall(text)) | dict(IN_TEXT.findall(text))


class MetricsTest(unittest.TestCase):
    def test_each_metric_is_explained_with_its_kind_and_none_that_is_not_there(self):
        self.assertGreater(len(made()), 30)
        self.assertEqual(documented(), made())


if __name__ == "__main__":
    unittest.main()
