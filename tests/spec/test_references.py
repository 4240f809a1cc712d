"""``${assembly.word}`` in texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pcloud.spec.references import Reference, fault, references, resolve

VALUES = {("mysql", "address"): "127.1.2.3", ("web", "name"): "web"}


def test_references_are_found_in_order() -> None:
    assert references("http://${web.address}:80/${mysql.name}") == [
        Reference("${web.address}", "web", "address"),
        Reference("${mysql.name}", "mysql", "name"),
    ]


def test_every_reference_is_replaced_by_its_value() -> None:
    assert resolve("${web.name}@${mysql.address}:3306", VALUES) == "web@127.1.2.3:3306"


def test_a_missing_value_leaves_nothing() -> None:
    assert resolve("${mysql.address} ${mysql.generation}", VALUES) is None


def test_a_value_that_looks_like_a_reference_is_not_resolved_again() -> None:
    assert resolve("${a.name}", {("a", "name"): "${b.name}"}) == "${b.name}"


def test_variables_of_the_shell_without_braces_stay() -> None:
    assert resolve("$PCLOUD_ROOT/var ${web.name}", VALUES) == "$PCLOUD_ROOT/var web"
    assert references("$PCLOUD_ROOT") == []


def test_a_malformed_reference_is_found_and_faulted() -> None:
    for text in ("${DB_HOST}", "${web.", "${}", "${.name}", "${web.}"):
        (reference,) = references(text)
        found = fault(reference, ["web"])
        assert found is not None
        assert found[0] == f"{text} refers to nothing"
        assert resolve(text, VALUES) is None


def test_unknown_assemblies_and_words_are_faulted_with_the_nearest() -> None:
    (assembly,) = references("${mysq.address}")
    assert fault(assembly, ["mysql"]) == ('${mysq.address} refers to an unknown assembly "mysq"', 'did you mean "mysql"?')
    (word,) = references("${mysql.adress}")
    assert fault(word, ["mysql"]) == ('${mysql.adress}: an assembly has no "adress"', 'did you mean "address"?')


@given(st.text())
def test_a_text_without_references_is_itself(text: str) -> None:
    assert references(text) or resolve(text, {}) == text
