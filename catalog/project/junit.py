"""Results of tests as JUnit XML, which services of continuous integration show."""

from __future__ import annotations

from xml.etree import ElementTree

from catalog.messages import quantity
from catalog.project.data_tests import DataTestResult, DataTests


def junit(tests: DataTests) -> str:
    """Return the XML of a run; a failed test of severity ``warning`` counts as skipped."""
    results = tests.results
    suite = ElementTree.Element(
        "testsuite",
        name="catalog test",
        tests=str(len(results)),
        failures=str(sum(_kind(each) == "failure" for each in results)),
        errors=str(sum(_kind(each) == "error" for each in results)),
        skipped=str(sum(_kind(each) == "skipped" for each in results)),
        time=f"{sum(each.seconds for each in results):.3f}",
    )
    for each in results:
        name = each.name if each.reference is None else f"{each.name}[{each.reference}]"
        case = ElementTree.SubElement(
            suite, "testcase", classname=each.file, name=name, time=f"{each.seconds:.3f}"
        )
        kind = _kind(each)
        if kind:
            message = each.problem or f"{quantity(each.n_rows, 'row')}"
            found = ElementTree.SubElement(case, kind, message=_printable(message))
            found.text = _printable("\n".join(map(str, each.rows)))
    ElementTree.indent(suite)
    text = ElementTree.tostring(suite, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _kind(tested: DataTestResult) -> str:
    """Return the element of a result; none for a test that passed."""
    if tested.status == "error":
        return "error"
    if tested.status == "failed":
        return "failure" if tested.severity == "error" else "skipped"
    return ""


def _printable(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return "".join(each if each >= " " or each in "\t\n\r" else "�" for each in text)
