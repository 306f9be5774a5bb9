"""Templates that are compiled once for several applications."""

from jinja2 import DictLoader, Environment

from calibrify_core.web.compiled import Compiled


def drawn(compiled: Compiled, source: str) -> str:
    return (
        Environment(
            loader=DictLoader({"label.html": source}), bytecode_cache=compiled, autoescape=True
        )
        .get_template("label.html")
        .render(name="<M 3>")
    )


class Counting(Compiled):
    times = 0

    def dump_bytecode(self, bucket):
        self.times += 1
        super().dump_bytecode(bucket)


def test_a_second_environment_draws_what_the_first_one_compiled():
    compiled = Counting()
    assert {drawn(compiled, "Label of {{ name }}") for _ in range(3)} == {"Label of &lt;M 3&gt;"}
    assert compiled.times == 1


def test_a_template_that_has_changed_is_compiled_anew():
    compiled = Counting()
    assert drawn(compiled, "Label of {{ name }}") == "Label of &lt;M 3&gt;"
    assert drawn(compiled, "Tag of {{ name }}") == "Tag of &lt;M 3&gt;"
    assert compiled.times == 2
